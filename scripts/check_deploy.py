"""Lint what deploy/ holds: the systemd unit, the Dockerfiles, the Helm chart, the clouds' examples.

Usage: check_deploy.py PROGRAM

Every option that a file sets is read by `podium serve --check`, so none can be misspelled.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "podium"
KUBERNETES = "1.31"
# What a cluster may set; the last is refused, since nobody said who may call.
VALUES = [{}, {"noAuth": False, "keys": {"existingClaim": "keys"}},
          {"models": {"existingClaim": "models", "serve": ["small=/models/small"]}, "otlpEndpoint": "http://c:4318",
           "options": {"max-queue": 64, "access-log": True, "cors-origin": "https://a.example"},
           "nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}]}]
REFUSED = {"noAuth": False}


def run(*command, **options):
    """None if the command succeeds, else what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    return None if done.returncode == 0 else (done.stdout + done.stderr).strip()


def check_options(program, toml="", variables=None):
    """Whether the server takes a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "podium.toml").write_text(toml)
        return run(program, "serve", "--check", cwd=folder, env={"PATH": os.environ["PATH"]} | (variables or {}))


def check_unit(program):
    """The unit as systemd reads it, and the variables that it sets."""
    if not shutil.which("systemd-analyze"):
        return "systemd-analyze is not installed"
    text = (DEPLOY / "systemd" / "podium.service").read_text()
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder, "podium.service")
        unit.write_text(text.replace("/usr/bin/podium", program))
        wrong = run("systemd-analyze", "verify", "--man=no", str(unit))
    variables = dict(pair.split("=") for pair in re.search("^Environment=(.*)", text, re.MULTILINE)[1].split())
    toml = (DEPLOY / "systemd" / "podium.toml").read_text()
    return wrong or check_options(program, toml, variables)


def check_docker(program):
    """The Dockerfiles, what they copy, and the variables that they set."""
    for file in sorted((DEPLOY / "docker").glob("Dockerfile*")):
        text = file.read_text()
        variables = dict(re.findall(r"(PODIUM_\w+)=(\S+)", " ".join(re.findall("^ENV (.*)", text, re.MULTILINE))))
        missing = [name for line in re.findall("^COPY (?!--)(.*)", text, re.MULTILINE) for name in line.split()[:-1]
                   if not (ROOT / name).exists()]
        wrong = (run(Path(sys.executable).with_name("hadolint"), str(file)) or check_options(program, "", variables)
                 or (missing and f"{file.name} copies {missing}"))
        if wrong:
            return wrong
    return None


def check_chart(program):
    """The chart by Helm's linter, its manifests by Kubernetes' schemas, its configuration by the server."""
    for values in VALUES:
        report = helm.lint(CHART, values, strict=True)
        if report["errors"] or any(message["severity"] > 1 for message in report["messages"]):
            return json.dumps(report)
        for name, text in helm.Chart.load(CHART).render(values, name="rank", namespace="default").items():
            for manifest in filter(None, yaml.safe_load_all(text)) if name.endswith(".yaml") else ():
                kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
                if manifest["kind"] == "ConfigMap":
                    wrong = check_options(program, manifest["data"]["podium.toml"])
                    if wrong:
                        return f"{values}: {wrong}"
    try:
        helm.Chart.load(CHART).render(REFUSED, name="rank")
    except helm.HelmRenderError:
        return None
    return "the chart starts servers without keys unasked"


def check_examples(program):
    """The files parse, and their variables are options of the server."""
    for file in sorted((DEPLOY / "examples").rglob("*.*")):
        holder = yaml.safe_load(file.read_text())  # JSON is YAML
        text = json.dumps(holder)
        pairs = re.findall(r'"(PODIUM_\w+)": "([^"]*)"', text)
        pairs += re.findall(r'"name": "(PODIUM_\w+)", "value": "([^"]*)"', text)
        wrong = check_options(program, "", dict(pairs))
        if wrong:
            return f"{file.name}: {wrong}"
    rules = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, braces: disable}}"
    return run(Path(sys.executable).with_name("yamllint"), "--strict", "-d", rules, str(DEPLOY / "examples"),
               str(CHART / "Chart.yaml"), str(CHART / "values.yaml"))


def main():
    program = str(Path(sys.argv[1]).resolve())
    failed = 0
    checks = [check_unit, check_docker, check_chart, check_examples]
    for check in checks:
        wrong = check(program)
        failed += wrong is not None
        print(f"{check.__name__.removeprefix('check_')}: {wrong or 'good'}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
