"""Write a trained model as a directory the engine reads: python -m train.export --model F --out D.

The start weights are copied byte for byte. What was trained goes beside them, into
interaction.safetensors: `interaction.idf` float16 [vocabulary], and for each depth
`interaction.<depth>.*`, see `tensors`; matrices in float16. The features' mean and deviation are
folded into the scorers, so that logit = linear . f + bias reads the features as they are.
config.json's "podium" section holds each depth's layer, size, margin and calibration
(train.calibrate).
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from train import checkpoint
from train.data import LONG_TOKENS, load_idf
from train.devset import Sample
from train.evaluate import load_model
from train.interaction import DEPTHS, OPENING, Interaction
from train.run import STAGES

COPIED = ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "LICENSE", "NOTICE")
WEIGHTS, HEADS = "model.safetensors", "interaction.safetensors"


@torch.no_grad()
def tensors(model: Interaction, idf: np.ndarray) -> dict[str, torch.Tensor]:
    """Everything that goes into interaction.safetensors."""
    result = {"interaction.idf": torch.from_numpy(idf).half()}
    for depth, reader in zip(DEPTHS, model.readers, strict=True):
        scorer = model.scorers[depth]
        weight = scorer.linear.weight / scorer.deviation
        own = dict(reader.state_dict())
        if depth == DEPTHS[-1]:  # its states are the final ones, its cosine is e5's
            own = {name: tensor for name, tensor in own.items() if not name.startswith(("ask.", "vector."))}
        own = {name: tensor.half() if len(tensor) > 1 < tensor.dim() else tensor for name, tensor in own.items()}
        own |= {"linear.weight": weight, "linear.bias": scorer.linear.bias - weight @ scorer.mean}
        result |= {f"interaction.{depth}.{name}": tensor.contiguous() for name, tensor in own.items()}
    return result


def describe(model: Interaction, start: Path, fitted: dict) -> dict:
    """config.json: the start's, with what the engine needs to know about the depths."""
    config = checkpoint.load_config(start)
    depths = {}
    for depth, layer, size in zip(DEPTHS, model.layers, model.sizes, strict=True):
        depths[depth] = {
            "layer": layer,
            "size": size,
            "margin": fitted["margins"].get(depth, 0.0),  # the last depth settles everything
            "calibration": {k: round(v, 6) for k, v in fitted["calibration"][depth].items()},
        }
    section = {k: v for k, v in config["podium"].items() if k not in ("calibration", "interaction")}
    section |= {"name": "podium-e5-small", "head": "late-interaction"}
    return config | {"podium": section | {"interaction": {"opening": OPENING, "depths": depths}}}


def export(model: Interaction, idf: np.ndarray, start: Path, out: Path, fitted: dict) -> None:
    """Write the model directory `out`; fitted as train.calibrate leaves it in a model file."""
    out.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (start / name).exists():
            shutil.copyfile(start / name, out / name)
    save_file(tensors(model, idf), out / HEADS, {"format": "pt"})
    (out / HEADS).chmod(0o644)
    (out / "config.json").write_text(json.dumps(describe(model, start, fitted), indent=2) + "\n")


def load_exported(folder: Path) -> tuple[Interaction, np.ndarray]:
    """(the model, idf [vocabulary]) of an exported directory, to check or go on from it."""
    depths = checkpoint.load_config(folder)["podium"]["interaction"]["depths"]
    held = load_file(folder / HEADS)
    hidden = held["interaction.tiny.document.weight"].shape[1]
    model = Interaction(hidden, *([depths[depth][key] for depth in DEPTHS] for key in ("layer", "size")))
    state = model.state_dict()
    for number, depth in enumerate(DEPTHS):
        for name, tensor in held.items():
            part = name.removeprefix(f"interaction.{depth}.")
            if part != name:
                place = f"scorers.{depth}" if part.startswith("linear") else f"readers.{number}"
                state[f"{place}.{part}"] = tensor.float()
    model.load_state_dict(state)
    return model.eval(), held["interaction.idf"].float().numpy()


def record(model: Path, saved: dict) -> dict:
    """training.json: the development numbers after each stage, beside the model's file, and what
    was measured of the finished model."""
    stages = {}
    for stage in STAGES:
        path = model.parent / f"{stage}.json"
        if path.exists():
            groups = json.loads(path.read_text())["groups"]
            stages |= {"e5": {g: v["e5"] for g, v in groups.items()}} if not stages else {}
            stages[stage] = {group: values["base"] for group, values in groups.items()}
    sample = Sample()
    text = f"nDCG@10 on {sample.queries} queries × {sample.depth} candidates of each development set, documents cut at "
    text += f"{sample.limit} tokens; of the long set {sample.queries // 2} queries and all windows of {LONG_TOKENS}."
    fitted = saved["fitted"]
    return {
        "sample": text,
        "stages": stages,
        "calibration_error": fitted["errors"],
        "stopping": fitted["stopping"],
        "size_bias": saved.get("size_bias", {}),
    }


def main() -> None:
    """Export one model file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    saved = torch.load(args.model, weights_only=True)
    export(load_model(args.model), load_idf(args.work / "corpus"), args.start, args.out, saved["fitted"])
    (args.out / "training.json").write_text(json.dumps(record(args.model, saved), indent=1) + "\n")
    print(f"{args.out}: {(args.out / HEADS).stat().st_size / 1e6:.1f} MB beside {WEIGHTS}")


if __name__ == "__main__":
    main()
