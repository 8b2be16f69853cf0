"""The frozen BERT encoder of multilingual-e5-small as plain modules, and what it gives."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CHUNK_TOKENS = 4096  # padded tokens that go through the layers at once


@dataclass
class Packed:
    """Texts' states without padding: flat [sum of lengths, hidden] and offsets [texts + 1]."""

    flat: torch.Tensor
    offsets: np.ndarray


class Layer(nn.Module):
    """One post-norm transformer layer (BERT): attention, add, norm; GELU MLP, add, norm."""

    def __init__(self, hidden: int, heads: int, intermediate: int, eps: float):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.attention_out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps)
        self.up = nn.Linear(hidden, intermediate)
        self.down = nn.Linear(intermediate, hidden)
        self.out_norm = nn.LayerNorm(hidden, eps)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """x [batch, length, hidden]; mask is added to the attention logits, broadcastable to
        [batch, heads, length, length] (0 keeps, -inf-like drops), or None."""
        batch, length, hidden = x.shape
        shape = (batch, length, 3, self.heads, hidden // self.heads)
        query, key, value = self.qkv(x).view(shape).permute(2, 0, 3, 1, 4)
        scores = query @ (key * query.shape[-1] ** -0.5).transpose(-1, -2)
        if mask is not None:
            scores = scores + mask
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(x.shape)
        x = self.attention_norm(x + self.attention_out(mixed))
        return self.out_norm(x + self.down(F.gelu(self.up(x))))


class Embeddings(nn.Module):
    """Word + position + type embeddings and their norm."""

    def __init__(self, weights: dict[str, torch.Tensor], eps: float):
        super().__init__()
        word = weights["embeddings.word_embeddings.weight"]
        # half precision holds a 4-bit value times an fp16 scale almost exactly, in half the memory
        self.register_buffer("word", word.half(), persistent=False)
        position = weights["embeddings.position_embeddings.weight"]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        self.register_buffer("position", position + kind, persistent=False)
        self.norm = nn.LayerNorm(word.shape[1], eps)
        self.norm.weight.data.copy_(weights["embeddings.LayerNorm.weight"])
        self.norm.bias.data.copy_(weights["embeddings.LayerNorm.bias"])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """ids [batch, length], length <= 512 -> [batch, length, hidden]."""
        return self.norm(self.word[ids].float() + self.position[: ids.shape[1]].float())


HF_NAMES = {
    "attention_out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "out_norm": "output.LayerNorm",
}


def load_layer(layer: Layer, weights: dict[str, torch.Tensor], index: int) -> Layer:
    """Fill `layer` from the tensors `encoder.layer.<index>.*` (names as in BertModel)."""
    prefix = f"encoder.layer.{index}."
    with torch.no_grad():
        for kind in ("weight", "bias"):
            parts = [weights[f"{prefix}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
            getattr(layer.qkv, kind).copy_(torch.cat(parts))
            for ours, theirs in HF_NAMES.items():
                getattr(getattr(layer, ours), kind).copy_(weights[f"{prefix}{theirs}.{kind}"])
    return layer


def chunks_by_length(lengths: np.ndarray, budget: int = CHUNK_TOKENS):
    """Yield index arrays, longest first, each at most `budget` tokens when padded."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, budget // int(lengths[order[start]]))
        yield order[start : start + size]
        start += size


def pad(texts: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token arrays -> ids [batch, width] padded with <pad> = 1, lengths [batch]."""
    lengths = np.array([len(text) for text in texts])
    ids = np.ones((len(texts), lengths.max()), dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
    return torch.from_numpy(ids), torch.from_numpy(lengths)


class FrozenEncoder(nn.Module):
    """e5 as it is: embeddings and all layers, never trained."""

    def __init__(self, config: dict, weights: dict[str, torch.Tensor]):
        super().__init__()
        eps = config["layer_norm_eps"]
        shape = (config["hidden_size"], config["num_attention_heads"], config["intermediate_size"], eps)
        layers = range(config["num_hidden_layers"])
        self.embeddings = Embeddings(weights, eps)
        self.layers = nn.ModuleList(load_layer(Layer(*shape), weights, i) for i in layers)
        self.requires_grad_(False)

    @torch.no_grad()
    def encode(self, texts: list[np.ndarray], keep: tuple[int, ...] = ()):
        """Encode token arrays, each apart from the others.

        Returns ({layer: Packed states after that layer} for the layers in `keep`, unit vectors
        [texts, hidden] that are e5's masked mean of the top states).
        """
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        hidden = self.embeddings.norm.weight.shape[0]
        flat = {layer: torch.empty(int(offsets[-1]), hidden) for layer in keep}
        pooled = torch.empty(len(texts), hidden)
        for chunk in chunks_by_length(lengths):
            ids, sizes = pad([texts[i] for i in chunk])
            x = self.embeddings(ids)
            present = torch.arange(x.shape[1])[None, :] < sizes[:, None]
            mask = torch.zeros(present.shape).masked_fill(~present, -1e4)[:, None, None, :]
            for number in range(len(self.layers) + 1):
                if number in flat:
                    for row, i in enumerate(chunk):
                        flat[number][offsets[i] : offsets[i + 1]] = x[row, : lengths[i]]
                if number < len(self.layers):
                    x = self.layers[number](x, mask)
            mean = (x * present[..., None]).sum(1) / sizes[:, None]
            pooled[chunk] = F.normalize(mean, dim=-1)
        return {layer: Packed(states, offsets) for layer, states in flat.items()}, pooled
