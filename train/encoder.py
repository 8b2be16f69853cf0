"""The BERT encoder of multilingual-e5-small as plain modules, from word embeddings up."""

import torch
import torch.nn.functional as F
from torch import nn


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

    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor | None,
        only_first: bool = False,
        context: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """x [batch, length, hidden]; mask is added to the attention logits, broadcastable to
        [batch, heads, length, length read] (0 keeps, -inf-like drops), or None. With only_first
        the result holds the first position alone: [batch, 1, hidden]. Positions of `context`
        [batch, more, hidden] are read after those of x, but not changed."""
        hidden = x.shape[-1]
        query, key, value = self.split_heads(self.qkv(x), 3)
        if context is not None:
            weight, bias = self.qkv.weight[hidden:], self.qkv.bias[hidden:]
            more_key, more_value = self.split_heads(F.linear(context, weight, bias), 2)
            key, value = torch.cat([key, more_key], 2), torch.cat([value, more_value], 2)
        if only_first:
            query, x = query[:, :, :1], x[:, :1]
        scores = query @ (key * query.shape[-1] ** -0.5).transpose(-1, -2)
        if mask is not None:
            scores = scores + mask
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(x.shape)
        x = self.attention_norm(x + self.attention_out(mixed))
        return self.out_norm(x + self.down(F.gelu(self.up(x))))

    def split_heads(self, x: torch.Tensor, parts: int) -> torch.Tensor:
        """[batch, length, parts * hidden] -> [parts, batch, heads, length, head size]."""
        batch, length, width = x.shape
        shape = (batch, length, parts, self.heads, width // parts // self.heads)
        return x.view(shape).permute(2, 0, 3, 1, 4)


class Embeddings(nn.Module):
    """Word + position + type embeddings and their norm; never trained here."""

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
        """ids [batch, length], length <= 512 -> [batch, length, hidden] in the norm's dtype."""
        x = self.word[ids].float() + self.position[: ids.shape[1]].float()
        return self.norm(x.to(self.norm.weight.dtype))


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
            parts = [
                weights[f"{prefix}attention.self.{name}.{kind}"]
                for name in ("query", "key", "value")
            ]
            getattr(layer.qkv, kind).copy_(torch.cat(parts))
            for ours, theirs in HF_NAMES.items():
                getattr(getattr(layer, ours), kind).copy_(weights[f"{prefix}{theirs}.{kind}"])
    return layer


def layer_tensors(layer: Layer, index: int) -> dict[str, torch.Tensor]:
    """The inverse of load_layer: float32 tensors under their BertModel names."""
    prefix = f"encoder.layer.{index}."
    tensors = {}
    for kind in ("weight", "bias"):
        parts = getattr(layer.qkv, kind).detach().float().chunk(3)
        for name, part in zip(("query", "key", "value"), parts, strict=True):
            tensors[f"{prefix}attention.self.{name}.{kind}"] = part.contiguous()
        for ours, theirs in HF_NAMES.items():
            value = getattr(getattr(layer, ours), kind).detach().float()
            tensors[f"{prefix}{theirs}.{kind}"] = value.contiguous()
    return tensors


def build_layers(
    config: dict, weights: dict[str, torch.Tensor], first: int, last: int
) -> nn.ModuleList:
    """Layers first .. last-1 of the checkpoint as trainable modules."""
    shape = (
        config["hidden_size"],
        config["num_attention_heads"],
        config["intermediate_size"],
        config["layer_norm_eps"],
    )
    return nn.ModuleList(load_layer(Layer(*shape), weights, i) for i in range(first, last))


def padding_mask(lengths: torch.Tensor, width: int, dtype: torch.dtype) -> torch.Tensor | None:
    """[batch] lengths -> additive mask [batch, 1, 1, width], or None when nothing is padded."""
    keep = torch.arange(width)[None, :] < lengths[:, None]
    if bool(keep.all()):
        return None
    mask = torch.zeros(keep.shape, dtype=dtype).masked_fill(~keep, -1e4)
    return mask[:, None, None, :]


def joined_mask(x_lengths, x: torch.Tensor, more_lengths, more: torch.Tensor) -> torch.Tensor:
    """Additive mask [batch, 1, 1, width of x + width of more] of two padded blocks."""
    blocks = []
    for lengths, block in ((x_lengths, x), (more_lengths, more)):
        mask = padding_mask(lengths, block.shape[1], x.dtype)
        blocks.append(x.new_zeros(len(x), 1, 1, block.shape[1]) if mask is None else mask)
    return torch.cat(blocks, dim=-1)


def mean_pool(x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Mean over each row's first `lengths` states: [batch, width, hidden] -> [batch, hidden]."""
    keep = torch.arange(x.shape[1])[None, :] < lengths[:, None]
    total = (x.float() * keep[..., None]).sum(1)
    return total / lengths[:, None].float()
