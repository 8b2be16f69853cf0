"""Rerankers that transformers has no class for, written down in PyTorch from their published descriptions.

JinaBERT (arXiv 2310.19923, jina-reranker-v1) and the "new" model of gte-multilingual (arXiv 2407.19669), with the
tensor names of their checkpoints. One sequence at a time, float32, no padding.
"""

import math
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention


def alibi_slopes(heads):
    """The slopes of ALiBi (arXiv 2108.12409), also for a number of heads that is no power of two."""
    if heads & (heads - 1) == 0:
        start = 2.0 ** (-8.0 / heads)
        return [start ** (i + 1) for i in range(heads)]
    power = 2 ** int(math.log2(heads))
    return alibi_slopes(power) + alibi_slopes(2 * power)[0::2][: heads - power]


def rotate_half(x, cos, sin):
    """RoPE on [heads, tokens, head_dim]."""
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-high, low], dim=-1) * sin


def attend(queries, keys, values, heads, bias=None, turn=None):
    """Full attention on [tokens, hidden]; `turn` rotates queries and keys, `bias` is added to their scaled product."""
    split = lambda x: x.reshape(len(x), heads, -1).transpose(0, 1)  # noqa: E731
    queries, keys, values = split(queries), split(keys), split(values)
    if turn:
        queries, keys = turn(queries), turn(keys)
    attended = scaled_dot_product_attention(queries[None], keys[None], values[None], attn_mask=bias)[0]
    return attended.transpose(0, 1).reshape(attended.shape[1], -1)


def tree(**modules):
    """A module that is nothing but a folder of others."""
    return nn.ModuleDict(modules)


class Classifier(nn.Module):
    """tanh(dense(first state)) and one logit, as BERT has it."""

    def __init__(self, config, prefix, encoder):
        super().__init__()
        self.config = config
        hidden = config.hidden_size
        encoder["pooler"] = tree(dense=nn.Linear(hidden, hidden))
        self.add_module(prefix, encoder)
        self.encoder_name = prefix
        self.classifier = nn.Linear(hidden, 1)

    def forward(self, ids, attention_mask, token_type_ids):
        """As transformers' classes: batches of one."""
        del attention_mask
        encoder = getattr(self, self.encoder_name)
        states = self.states(encoder, ids[0], token_type_ids[0])
        pooled = torch.tanh(encoder["pooler"]["dense"](states[:1]))
        return SimpleNamespace(logits=self.classifier(pooled))


def embeddings(config):
    """Words and token types without positions."""
    return tree(
        word_embeddings=nn.Embedding(config.vocab_size, config.hidden_size),
        token_type_embeddings=nn.Embedding(config.type_vocab_size, config.hidden_size),
        LayerNorm=nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps),
    )


def embed(tables, ids, types):
    """The states before the first layer."""
    return tables["LayerNorm"](tables["word_embeddings"](ids) + tables["token_type_embeddings"](types))


class JinaBert(Classifier):
    """JinaBertForSequenceClassification."""

    def __init__(self, config):
        hidden, inner = config.hidden_size, config.intermediate_size
        norm = lambda: nn.LayerNorm(hidden, eps=config.layer_norm_eps)  # noqa: E731
        layer = lambda: tree(  # noqa: E731
            attention=tree(
                self=tree(**{name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")}),
                output=tree(dense=nn.Linear(hidden, hidden), LayerNorm=norm()),
            ),
            mlp=tree(
                gated_layers=nn.Linear(hidden, 2 * inner, bias=False), wo=nn.Linear(inner, hidden), layernorm=norm()
            ),
        )
        layers = nn.ModuleList(layer() for _ in range(config.num_hidden_layers))
        super().__init__(config, "bert", tree(embeddings=embeddings(config), encoder=tree(layer=layers)))

    def states(self, encoder, ids, types):
        """[tokens, hidden]"""
        x = embed(encoder["embeddings"], ids, types)
        places = torch.arange(len(ids))
        slopes = torch.tensor(alibi_slopes(self.config.num_attention_heads))
        bias = -slopes[:, None, None] * (places[:, None] - places[None]).abs()
        for layer in encoder["encoder"]["layer"]:
            own, output, mlp = layer["attention"]["self"], layer["attention"]["output"], layer["mlp"]
            heads = self.config.num_attention_heads
            attended = attend(own["query"](x), own["key"](x), own["value"](x), heads, bias=bias)
            x = output["LayerNorm"](output["dense"](attended) + x)
            gate, up = mlp["gated_layers"](x).chunk(2, dim=-1)
            x = mlp["layernorm"](mlp["wo"](gelu(gate) * up) + x)
        return x


class GteNew(Classifier):
    """NewForSequenceClassification."""

    def __init__(self, config):
        hidden, inner = config.hidden_size, config.intermediate_size
        norm = lambda: nn.LayerNorm(hidden, eps=config.layer_norm_eps)  # noqa: E731
        layer = lambda: tree(  # noqa: E731
            attention=tree(qkv_proj=nn.Linear(hidden, 3 * hidden), o_proj=nn.Linear(hidden, hidden)),
            mlp=tree(up_gate_proj=nn.Linear(hidden, 2 * inner, bias=False), down_proj=nn.Linear(inner, hidden)),
            attn_ln=norm(),
            mlp_ln=norm(),
        )
        layers = nn.ModuleList(layer() for _ in range(config.num_hidden_layers))
        super().__init__(config, "new", tree(embeddings=embeddings(config), encoder=tree(layer=layers)))

    def angles(self, tokens):
        """cos and sin [tokens, head_dim] of RoPE with NTK scaling (https://kexue.fm/archives/9706)."""
        size = self.config.hidden_size // self.config.num_attention_heads
        factor = (self.config.rope_scaling or {}).get("factor", 1.0)
        exponents = torch.arange(0, size, 2).float() / size
        frequencies = 1.0 / (self.config.rope_theta * factor) ** exponents / factor ** (2 / size)
        angles = torch.arange(tokens).float()[:, None] * frequencies
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos(), angles.sin()

    def states(self, encoder, ids, types):
        """[tokens, hidden]"""
        x = embed(encoder["embeddings"], ids, types)
        cos, sin = self.angles(len(ids))
        turn = lambda heads: rotate_half(heads, cos, sin)  # noqa: E731
        for layer in encoder["encoder"]["layer"]:
            queries, keys, values = layer["attention"]["qkv_proj"](x).chunk(3, dim=-1)
            attended = attend(queries, keys, values, self.config.num_attention_heads, turn=turn)
            x = layer["attn_ln"](layer["attention"]["o_proj"](attended) + x)
            up, gate = layer["mlp"]["up_gate_proj"](x).chunk(2, dim=-1)
            x = layer["mlp_ln"](layer["mlp"]["down_proj"](up * gelu(gate)) + x)
        return x
