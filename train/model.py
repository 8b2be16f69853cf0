"""The model variants, all returning one logit a pair for each depth.

plain: cross-encoder over all layers. late: joined after layer k, logit from the joint states
alone. residual: the frozen bi-encoder's cosine plus a head over joint layers. mixed: the same
plus the cosine of the joint states. oneway: as residual, but the document's states stay the
frozen ones and only the query's tokens go through the joint layers, reading them (as the
interaction blocks of MORES, Gao et al. 2020, arXiv:2004.13313).
"""

from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from train import encoder

VARIANTS = ("plain", "late", "residual", "mixed", "oneway", "interaction")
CHUNK_TOKENS = 4096  # padded tokens that go through the layers at once


@dataclass
class Shape:
    """What is trained: the variant, the layer of the join and where the middle head sits."""

    variant: str = "residual"
    join: int = 6
    middle: int = 9  # the middle head reads the state after layer `middle`

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


@dataclass
class Packed:
    """Texts' states without padding: flat [sum of lengths, hidden] and offsets [texts + 1]."""

    flat: torch.Tensor
    offsets: np.ndarray


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

    def __init__(self, config: dict, weights: dict[str, torch.Tensor], layers: int | None = None):
        super().__init__()
        count = config["num_hidden_layers"] if layers is None else layers
        self.embeddings = encoder.Embeddings(weights, config["layer_norm_eps"])
        self.layers = encoder.build_layers(config, weights, 0, count)
        self.requires_grad_(False)

    @torch.no_grad()
    def encode(self, texts: list[np.ndarray], keep: tuple[int, ...] = (), vectors: bool = True):
        """Encode token arrays, each apart from the others.

        Returns ({layer: Packed states after that layer} for the layers in `keep`, unit vectors
        [texts, hidden] that are e5's masked mean of the top states, or None).
        """
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        hidden = self.embeddings.norm.weight.shape[0]
        flat = {layer: torch.empty(int(offsets[-1]), hidden) for layer in keep}
        pooled = torch.empty(len(texts), hidden) if vectors else None
        depth = len(self.layers) if vectors else max(keep)
        for chunk in chunks_by_length(lengths):
            ids, sizes = pad([texts[i] for i in chunk])
            x = self.embeddings(ids)
            mask = encoder.padding_mask(sizes, x.shape[1], x.dtype)
            for number in range(depth + 1):
                if number in flat:
                    for row, i in enumerate(chunk):
                        flat[number][offsets[i] : offsets[i + 1]] = x[row, : lengths[i]]
                if number < depth:
                    x = self.layers[number](x, mask)
            if vectors:
                pooled[chunk] = F.normalize(encoder.mean_pool(x, sizes), dim=-1)
        return {layer: Packed(states, offsets) for layer, states in flat.items()}, pooled


def gather_pairs(query: Packed, document: Packed, pairs: np.ndarray):
    """Join each pair's query and document states end to end.

    pairs [n, 2] holds (query, document) numbers; returns index [n, width] into the
    concatenation of both flat arrays, lengths [n] and the query lengths [n].
    """
    shift = query.flat.shape[0]
    spans = [
        np.concatenate(
            [
                np.arange(query.offsets[q], query.offsets[q + 1]),
                np.arange(document.offsets[d], document.offsets[d + 1]) + shift,
            ]
        )
        for q, d in pairs
    ]
    lengths = np.array([len(span) for span in spans])
    index = np.zeros((len(pairs), lengths.max()), dtype=np.int64)
    for row, span in enumerate(spans):
        index[row, : len(span)] = span
    query_lengths = np.diff(query.offsets)[pairs[:, 0]]
    return torch.from_numpy(index), torch.from_numpy(lengths), torch.from_numpy(query_lengths)


def pad_states(texts: Packed, numbers: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """States of some texts as [texts, width, size], zeros behind, and their lengths."""
    parts = [texts.flat[texts.offsets[i] : texts.offsets[i + 1]] for i in numbers]
    lengths = torch.tensor([len(part) for part in parts])
    return nn.utils.rnn.pad_sequence(parts, batch_first=True), lengths


class Scorer(nn.Module):
    """logit = scale * (cosine - centre) + head(first token) [+ joint scale * joint cosine].

    scale and centre start where e5's cosines of relevant and irrelevant pairs separate; the
    other parts start at zero.
    """

    def __init__(self, hidden: int, with_head: bool = True):
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(30.0).log())
        self.centre = nn.Parameter(torch.tensor(0.84))
        self.joint_scale = nn.Parameter(torch.tensor(0.0))
        self.head = nn.Linear(hidden, 1) if with_head else None
        if with_head:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, cosine, first=None, joint_cosine=None) -> torch.Tensor:
        """cosine [batch], first token's state [batch, hidden], cosine of the joint mean-pooled
        states [batch] (each of the last two may be None) -> logits [batch]."""
        logit = self.log_scale.exp() * (cosine - self.centre)
        if self.head is not None:
            logit = logit + self.head(first).squeeze(-1)
        if joint_cosine is not None:
            # ten times: the parameter then moves at the pace of the head's
            logit = logit + 10 * self.joint_scale * (joint_cosine - self.centre.detach())
        return logit


def joint_cosine(x: torch.Tensor, lengths: torch.Tensor, query_lengths: torch.Tensor):
    """Cosine [batch] of the mean query state and the mean document state of joined rows."""
    query = encoder.mean_pool(x, query_lengths)
    total = encoder.mean_pool(x, lengths) * lengths[:, None]
    return F.cosine_similarity(query, total - query * query_lengths[:, None], dim=-1)


class Joint(nn.Module):
    """Trained layers in which query and document attend to each other, and the heads."""

    def __init__(self, config: dict, weights: dict[str, torch.Tensor], shape: Shape):
        super().__init__()
        self.shape = shape
        first = 0 if shape.variant == "plain" else shape.join
        self.first_layer = first
        self.layers = encoder.build_layers(config, weights, first, config["num_hidden_layers"])
        hidden = config["hidden_size"]
        self.tiny = Scorer(hidden, with_head=False)
        self.turbo = Scorer(hidden)
        self.base = Scorer(hidden)

    def run(self, x, lengths, query_lengths, cosine, context=None) -> dict[str, torch.Tensor]:
        """x [batch, width, hidden], both lengths [batch], the bi-encoder's cosine [batch] or
        None -> logits by depth. In `oneway` x holds the query's states and `context` [batch,
        document width, 2 * hidden] the document's after layers `join` and `middle`."""
        dtype = self.layers[0].up.weight.dtype
        x, context = x.to(dtype), None if context is None else context.to(dtype)
        mask = encoder.padding_mask(lengths, x.shape[1], dtype)
        variant, hidden = self.shape.variant, x.shape[-1]
        if context is not None:
            mask = encoder.joined_mask(query_lengths, x, lengths - query_lengths, context)
        logits = {"tiny": self.tiny(cosine)} if variant not in ("plain", "late") else {}
        first_only = variant not in ("late", "mixed")
        last = self.first_layer + len(self.layers)
        for number, layer in enumerate(self.layers, self.first_layer + 1):
            # where only the first token is read at the top, only it is computed there
            read = None
            if context is not None:
                read = (
                    context[..., :hidden] if number <= self.shape.middle else context[..., hidden:]
                )
            x = layer(x, mask, first_only and number == last, read)
            for name, at in (("turbo", self.shape.middle), ("base", last)):
                if number != at:
                    continue
                scorer, first = getattr(self, name), x[:, 0].float()
                if variant in ("residual", "oneway"):
                    logits[name] = scorer(cosine, first)
                elif variant == "plain":
                    logits[name] = scorer.head(first).squeeze(-1)
                else:
                    joint = joint_cosine(x, lengths, query_lengths)
                    given = (cosine, first, joint) if variant == "mixed" else (joint, first)
                    logits[name] = scorer(*given)
        return logits

    def score(
        self,
        query: Packed,
        document: Packed,
        pairs: np.ndarray,
        cosine: torch.Tensor | None,
        embed: nn.Module | None = None,
        budget: int = CHUNK_TOKENS,
    ) -> dict[str, torch.Tensor]:
        """Logits by depth for pairs [n, 2] of (query, document) numbers; cosine [n] or None.

        `embed` turns token ids into states when the packed texts hold ids (plain variant).
        """
        sizes = np.diff(query.offsets)[pairs[:, 0]] + np.diff(document.offsets)[pairs[:, 1]]
        oneway = self.shape.variant == "oneway"
        flat = None if oneway else torch.cat([query.flat, document.flat])
        parts: dict[str, list] = {}
        order = []
        for chunk in chunks_by_length(sizes, budget):
            given = cosine[torch.from_numpy(chunk)] if cosine is not None else None
            if oneway:
                x, query_lengths = pad_states(query, pairs[chunk, 0])
                context, more = pad_states(document, pairs[chunk, 1])
                made = self.run(x, query_lengths + more, query_lengths, given, context)
            else:
                index, lengths, query_lengths = gather_pairs(query, document, pairs[chunk])
                x = flat[index] if embed is None else embed(flat[index])
                made = self.run(x, lengths, query_lengths, given)
            for name, logit in made.items():
                parts.setdefault(name, []).append(logit)
            order.append(chunk)
        inverse = torch.from_numpy(np.argsort(np.concatenate(order)))
        return {name: torch.cat(values)[inverse] for name, values in parts.items()}
