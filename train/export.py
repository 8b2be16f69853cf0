"""Write a trained model as a directory the engine reads: python -m train.export --model F --out D.

The start weights are copied tensor by tensor, 4-bit blocks byte for byte. What was trained is
added: `joint.layer.N.*` (N counts on from the join, names below as in BertModel) in bfloat16 or
4-bit blocks, and for each depth `heads.<depth>.weight` [1, hidden] and `.bias` [1] in float32.
config.json's "podium" section says how to compute each depth's logit:

    logit = scale * (cosine - centre) + head(first token's state after layer `after`)
    probability = sigmoid(calibration.scale * logit + calibration.bias)
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from train import checkpoint, encoder, evaluate, q4
from train.model import Joint, Shape

COPIED = ("tokenizer.json", "tokenizer_config.json", "LICENSE", "NOTICE")


def stored(name: str, value: torch.Tensor, precision: str) -> torch.Tensor:
    """One trained tensor as it goes into the file: matrices small, vectors float32."""
    if value.ndim < 2 or name.startswith("heads."):
        return value.float().contiguous()
    return q4.pack(value) if precision == "q4_0" else value.to(torch.bfloat16).contiguous()


def tensors(joint: Joint, start: Path, precision: str) -> dict[str, torch.Tensor]:
    """Everything that goes into model.safetensors."""
    result = checkpoint.load_raw(start)
    trained = {}
    for number, layer in enumerate(joint.layers, joint.first_layer):
        for name, value in encoder.layer_tensors(layer, number).items():
            trained[name.replace("encoder.", "joint.", 1)] = value
    for depth in ("turbo", "base"):
        head = getattr(joint, depth).head
        trained[f"heads.{depth}.weight"] = head.weight.detach()
        trained[f"heads.{depth}.bias"] = head.bias.detach()
    return result | {name: stored(name, value, precision) for name, value in trained.items()}


def describe(joint: Joint, start: Path, precision: str, calibration: dict) -> dict:
    """config.json: the start's, with what the engine needs to know about the joint layers."""
    config = checkpoint.load_config(start)
    shape = joint.shape
    last = joint.first_layer + len(joint.layers)
    after = {"tiny": None, "turbo": shape.middle, "base": last}
    depths = {}
    for name, layer in after.items():
        scorer = getattr(joint, name)
        depths[name] = {
            "after": layer,
            "scale": scorer.log_scale.exp().item(),
            "centre": scorer.centre.item(),
            "calibration": calibration.get(name, {"scale": 1.0, "bias": 0.0}),
        }
    section = {k: v for k, v in config.get("podium", {}).items() if k != "calibration"}
    section |= {"name": "podium-e5-residual", "head": shape.variant, "join": shape.join}
    section |= {"joint_precision": precision, "depths": depths}
    return config | {"podium": section}


def export(
    joint: Joint, start: Path, out: Path, precision: str = "bf16", calibration: dict | None = None
) -> None:
    """Write the model directory `out`; `precision` of the trained matrices: bf16 or q4_0."""
    if joint.shape.variant not in ("residual", "oneway"):
        raise ValueError(f"only residual and oneway are exported, not {joint.shape.variant}")
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors(joint, start, precision), out / "model.safetensors", {"format": "pt"})
    text = json.dumps(describe(joint, start, precision, calibration or {}), indent=2)
    (out / "config.json").write_text(text + "\n")
    for name in COPIED:
        if (start / name).exists():
            shutil.copy(start / name, out / name)


def load_exported(folder: Path) -> Joint:
    """Read an exported directory back, to check it: the joint layers and heads."""
    config, weights = checkpoint.load_config(folder), checkpoint.load_weights(folder)
    section = config["podium"]
    shape = Shape(section["head"], section["join"], section["depths"]["turbo"]["after"])
    joint = Joint(config, weights, shape)
    renamed = {
        k.replace("joint.", "encoder.", 1): v for k, v in weights.items() if k.startswith("joint.")
    }
    for number, layer in enumerate(joint.layers, joint.first_layer):
        encoder.load_layer(layer, renamed, number)
    with torch.no_grad():
        for depth, values in section["depths"].items():
            scorer = getattr(joint, depth)
            scorer.log_scale.fill_(values["scale"]).log_()
            scorer.centre.fill_(values["centre"])
            if scorer.head is not None:
                scorer.head.weight.copy_(weights[f"heads.{depth}.weight"])
                scorer.head.bias.copy_(weights[f"heads.{depth}.bias"])
    return joint.eval()


def main() -> None:
    """Export one model file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--precision", default="bf16", choices=("bf16", "q4_0"))
    args = parser.parse_args()
    joint, _ = evaluate.load_model(args.model, args.start)
    calibration = torch.load(args.model, weights_only=True).get("calibration")
    export(joint, args.start, args.out, args.precision, calibration)
    size = (args.out / "model.safetensors").stat().st_size
    print(f"{args.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
