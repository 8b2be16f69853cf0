"""Reading the start weights: a Hugging Face style directory with 4-bit matrices."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer

from train import q4


def load_config(directory: Path) -> dict:
    """The directory's config.json as a dict."""
    return json.loads((Path(directory) / "config.json").read_text())


def load_tokenizer(directory: Path) -> Tokenizer:
    """The directory's tokenizer, without truncation or padding."""
    tokenizer = Tokenizer.from_file(str(Path(directory) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load_raw(directory: Path) -> dict[str, torch.Tensor]:
    """Every tensor of model.safetensors as stored (4-bit matrices stay uint8 blocks)."""
    with safe_open(Path(directory) / "model.safetensors", framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)


def load_weights(directory: Path) -> dict[str, torch.Tensor]:
    """Every tensor as float32, 4-bit matrices dequantised; names as in BertModel."""
    raw = load_raw(directory)
    return {name: q4.unpack(tensor) if tensor.dtype == torch.uint8 else tensor.float() for name, tensor in raw.items()}
