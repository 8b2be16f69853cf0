"""Run the stages, continuing wherever the last call stopped: python -m train.run --work DIR.

Each stage starts from the weights the stage before it left in <work>/runs/<name>/<stage>.pt.
`--only STAGE` runs one stage (with `--again` from its beginning).
"""

import argparse
import fcntl
import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from train import checkpoint, interaction, mine, mixtures, shards
from train.data import Corpus
from train.devset import Sample
from train.evaluate import report
from train.model import VARIANTS, FrozenEncoder, Joint, Shape
from train.trainer import Plan, Stage, group_logits, save_atomically

SAMPLE, READ = Sample(long=False), 10  # measured after each stage


@dataclass(frozen=True)
class StagePlan:
    """A stage: mixture, number of shards (each met once) and peak rate."""

    mixture: str
    shards: int
    rate: float
    hardened: bool = False  # negatives chosen by the model that the stage before it left


SHARD_ROWS = 1000
STAGES = {
    "english": StagePlan("english", 4, 1e-4),
    "cross": StagePlan("cross", 4, 1e-4),
    "multilingual": StagePlan("multilingual", 8, 1e-4),
    "hard": StagePlan("hard", 8, 5e-5, hardened=True),
}


@contextmanager
def locked(folder: Path):
    """Hold a shard's lock, so that a second process waits for it instead of building it too."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_shard(args, stage: str, number: int) -> Path:
    """Folder of one of the stage's shards, built if it is not there."""
    plan = STAGES[stage]
    folder = args.work / "shards" / f"{stage}-{number}"
    with locked(folder):
        if (folder / "shard.json").exists():
            return folder
        config, weights = checkpoint.load_config(args.start), checkpoint.load_weights(args.start)
        frozen, corpus = FrozenEncoder(config, weights), Corpus.open(args.work / "corpus")
        seed = 100 + list(STAGES).index(stage)
        mixture = mixtures.MIXTURES[plan.mixture]
        keep = interaction.LAYERS
        shards.build(corpus, frozen, mixture, SHARD_ROWS, number, seed, keep, folder)
        print(f"built {folder.name}", flush=True)
    return folder


def shard_for(args, stage: str, number: int, joint: Joint) -> Path:
    """Folder of a shard to train on; in the last stage its negatives are chosen by the model as
    it is when the shard is reached. The shard before is deleted: it is not met again."""
    folder = build_shard(args, stage, number)
    if STAGES[stage].hardened:
        harden_shard(folder, joint)
    shutil.rmtree(folder.with_name(folder.name.replace(f"-{number}-", f"-{number - 1}-", 1)), True)
    return folder


def harden_shard(folder: Path, joint: Joint) -> None:
    """Replace a shard's negatives by those that `joint` finds hardest; once."""
    shard = shards.Shard(folder)
    if "hardened" in shard.info:
        return

    def score(queries, documents, present):
        with torch.no_grad():
            return group_logits(joint, shard, queries, documents, present)["base"].numpy()

    negatives, removed = mine.harden(shard, score)
    usable = (negatives >= 0).sum(1) >= 2
    arrays = shard.arrays | {"negatives": negatives}
    by_row = ("rows", "row_query", "positives", "negatives", "kinds")
    arrays |= {key: arrays[key][usable] for key in by_row}
    np.savez(folder / "shard.part.npz", **arrays)
    (folder / "shard.part.npz").replace(folder / "shard.npz")
    (folder / "shard.json").write_text(json.dumps(shard.info | {"hardened": removed}))
    print(f"hardened {folder.name}: {removed} negatives left out as likely positives", flush=True)


def middle_layer(args, config: dict) -> int:
    """The layer of the middle head: as asked for, or half way up the joint layers."""
    return args.middle or (args.join + config["num_hidden_layers"]) // 2


def build_model(args) -> tuple[Joint, torch.nn.Module | None]:
    """A fresh model of the shape asked for and, for the plain variant, its embeddings."""
    config, weights = checkpoint.load_config(args.start), checkpoint.load_weights(args.start)
    join = 0 if args.variant == "plain" else args.join
    shape = Shape(args.variant, join, middle_layer(args, config))
    embed = FrozenEncoder(config, weights, 0).embeddings if args.variant == "plain" else None
    return Joint(config, weights, shape), embed


def run_stage(args, stage: str, before: Path | None, folder: Path) -> Path:
    """Train one stage to its end; returns the file with its weights."""
    target = folder / f"{stage}.pt"
    if args.again:
        target.unlink(missing_ok=True)
        (folder / f"{stage}.progress.pt").unlink(missing_ok=True)
    if target.exists():
        print(f"{stage}: done, {target}", flush=True)
        return target
    joint, embed = build_model(args)
    if before is not None:
        joint.load_state_dict(torch.load(before, weights_only=True)["model"])
    plan = Plan(
        stage,
        STAGES[stage].shards,
        groups=args.groups,
        negatives=args.negatives,
        minutes=args.minutes,
        precision=args.precision,
        rate=args.rate or STAGES[stage].rate,
    )
    if args.shard:
        running = Stage(joint, plan, lambda number: args.shard, folder, embed)
    else:
        build = partial(shard_for, args, stage, joint=joint)
        running = Stage(joint, plan, build, folder, embed)
    print(f"{stage}: resumed: {running.resume()}", flush=True)
    running.run()
    save_atomically({"model": joint.state_dict(), "shape": joint.shape.as_dict()}, target)
    running.progress_file.unlink(missing_ok=True)
    if args.data:
        result = report(args.data, args.work, args.start, target, SAMPLE, READ)
        (folder / f"{stage}.json").write_text(json.dumps(result, indent=1))
    return target


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--data", type=Path, help="measure each finished stage on DATA/dev")
    parser.add_argument("--name", default="main", help="folder of this run's weights and log")
    parser.add_argument("--variant", default="residual", choices=VARIANTS)
    parser.add_argument("--join", type=int, default=6)
    parser.add_argument("--middle", type=int, help="layer of the middle head")
    parser.add_argument("--groups", type=int, default=8, help="queries a step")
    parser.add_argument("--negatives", type=int, default=4, help="negatives of a query in a step")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"),
                        help="the faster one by python -m train.speed")  # fmt: skip
    parser.add_argument("--rate", type=float, help="peak learning rate, instead of the stage's")
    parser.add_argument("--only", choices=STAGES, help="run this stage alone")
    parser.add_argument("--again", action="store_true", help="start the stage over")
    parser.add_argument("--shard", type=Path, help="train on this one shard (comparisons)")
    parser.add_argument("--minutes", type=float, help="processor minutes (comparisons)")
    parser.add_argument("--build-ahead", action="store_true",
                        help="build shards only, beside a training process")  # fmt: skip
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Run the stages in order."""
    args = arguments()
    torch.set_num_threads(args.threads)
    if args.build_ahead:
        for stage, plan in STAGES.items():
            for number in range(plan.shards):
                if args.only in (None, stage):
                    build_shard(args, stage, number)
        return
    folder = args.work / "runs" / args.name
    folder.mkdir(parents=True, exist_ok=True)
    before = None
    for stage in STAGES:
        if args.only in (None, stage):
            before = run_stage(args, stage, before, folder)
        elif (folder / f"{stage}.pt").exists():
            before = folder / f"{stage}.pt"
    print(f"finished; last weights: {before}")


if __name__ == "__main__":
    main()
