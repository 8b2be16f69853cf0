"""Late interaction over the frozen encoder, at three depths.

Query and document are encoded apart. After each layer of LAYERS every token's state is projected
to a short unit vector, a query token's from its final state too: the query passes all layers once
a request, whatever the depth. A query token looks for its best match among the document's tokens
(MaxSim, ColBERT: Khattab and Zaharia 2020, arXiv:2004.12832) and a document token for its best
match among the query's; either side is averaged with the tokens' rarity times a learned weight.
The document's mean state, mapped to where e5's vectors are, has a cosine with the query's vector;
at the last layer it is e5's own. A depth's logit is linear in these three numbers of every layer
up to its own.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

LAYERS = (4, 8, 12)
DEPTHS = ("tiny", "turbo", "base")
SIZES = (128, 128, 384)  # of a projected state, by layer
WHITEN = 0.25  # power of a direction's variance that it starts divided by
EACH = 3  # features that a layer adds: forward match, reverse match, cosine
OPENING = {"query": 4, "document": 3}  # <s> and the prefix's tokens; with the closing </s> no part of matching


def rounded(vectors: torch.Tensor) -> torch.Tensor:
    """Vectors [n, size] as int8 holds them, each with its own scale: what a document's part keeps."""
    scale = vectors.abs().amax(-1, keepdim=True).clamp(min=1e-12) / 127
    return (vectors / scale).round() * scale


class Side:
    """One side of some pairs: the content tokens of a shard's texts `numbers`, by text and layer."""

    def __init__(self, shard, kind: str, numbers: np.ndarray, layers: tuple[int, ...], idf: np.ndarray):
        offsets = shard.arrays[f"{kind}_offsets"]
        spans = [slice(offsets[i] + OPENING[kind], offsets[i + 1] - 1) for i in numbers]
        self.ends = np.cumsum([0, *(span.stop - span.start for span in spans)])
        opened = [shard.opened(kind, layer) for layer in layers]
        self.states = [torch.from_numpy(np.concatenate([states[s] for s in spans])).float() for states in opened]
        tokens = shard.arrays[f"{kind}_tokens"]
        self.rarity = torch.from_numpy(idf[np.concatenate([tokens[s] for s in spans])])
        self.vectors = torch.from_numpy(shard.arrays[f"{kind}_vectors"][numbers])

    def mean(self, layer: int) -> torch.Tensor:
        """Mean states [texts, hidden]; zero where a text has no content."""
        sizes = torch.from_numpy(np.diff(self.ends))
        owner = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        states = self.states[layer]
        total = states.new_zeros(len(sizes), states.shape[1]).index_add(0, owner, states)
        return total / sizes.clamp(min=1)[:, None]


class Reader(nn.Module):
    """What is trained for one layer: both sides' projections and token weights, the document's vector."""

    def __init__(self, hidden: int, size: int):
        super().__init__()
        self.document = nn.Linear(hidden, size)
        self.query = nn.Linear(hidden, size)
        self.ask = nn.Linear(hidden, size, bias=False)  # of the query's final states
        self.document_weight = nn.Linear(hidden, 1, bias=False)
        self.query_weight = nn.Linear(hidden, 1, bias=False)
        self.vector = nn.Linear(hidden, hidden).requires_grad_(False)  # fitted once: trained, it forgets languages
        for part in (self.ask, self.document_weight, self.query_weight):
            nn.init.zeros_(part.weight)

    def match(self, layer: int, query: Side, document: Side, query_at: np.ndarray, document_at: np.ndarray):
        """Forward and reverse match [n, 2] of n pairs of text numbers; zero where either side is empty."""
        asked = F.normalize(self.query(query.states[layer]) + self.ask(query.states[-1]), dim=-1)
        seen = F.normalize(self.document(document.states[layer]), dim=-1)
        if not torch.is_grad_enabled():
            seen = rounded(seen)
        asks = query.rarity * self.query_weight(query.states[-1]).squeeze(-1).exp()
        sees = document.rarity * self.document_weight(document.states[layer]).squeeze(-1).exp()
        sizes = np.diff(document.ends)[document_at]
        pairs = np.flatnonzero((sizes > 0) & (np.diff(query.ends)[query_at] > 0))
        pairs = pairs[np.argsort(query_at[pairs], kind="stable")]
        if len(pairs) == 0:
            return asked.new_zeros(len(query_at), 2)
        rows = torch.from_numpy(np.concatenate([np.arange(*document.ends[d : d + 2]) for d in document_at[pairs]]))
        lengths = torch.from_numpy(sizes[pairs])
        numbers, counts = np.unique(query_at[pairs], return_counts=True)
        blocks = np.add.reduceat(sizes[pairs], np.cumsum([0, *counts[:-1]])).tolist()
        tokens = np.diff(query.ends).tolist()
        asked, asks = asked.split(tokens), asks.split(tokens)
        forward, best = [], []
        for number, part, pieces in zip(numbers, seen[rows].split(blocks), lengths.split(counts.tolist()), strict=True):
            similar = part @ asked[number].T
            share = asks[number] / asks[number].sum()
            forward.append(torch.segment_reduce(similar, "max", lengths=pieces) @ share)
            best.append(similar.amax(1))
        weight = sees[rows]
        sums = torch.segment_reduce(torch.stack([torch.cat(best) * weight, weight], 1), "sum", lengths=lengths)
        found = torch.stack([torch.cat(forward), sums[:, 0] / sums[:, 1]], 1)
        return found.new_zeros(len(query_at), 2).index_copy(0, torch.from_numpy(pairs), found)


class Scorer(nn.Module):
    """Features [n, count] -> logits [n], linear."""

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("deviation", torch.ones(count))
        self.linear = nn.Linear(count, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear((features - self.mean) / self.deviation).squeeze(-1)


class Interaction(nn.Module):
    """What is trained: a reader by layer, a scorer by depth.

    hidden: size of the encoder's states; layers: after which the depths of DEPTHS read them;
    sizes: of the projected states, by layer.
    """

    def __init__(self, hidden: int, layers: tuple[int, ...] = LAYERS, sizes: tuple[int, ...] = SIZES):
        super().__init__()
        self.layers, self.sizes = tuple(layers), tuple(sizes)
        self.readers = nn.ModuleList(Reader(hidden, size) for size in sizes)
        self.scorers = nn.ModuleDict({name: Scorer(EACH * (i + 1)) for i, name in enumerate(DEPTHS)})

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by depth; a depth reads the features up to its own layer's."""
        return {name: s(features[:, : len(s.mean)]) for name, s in self.scorers.items()}

    def read(self, shard, queries: np.ndarray, documents: np.ndarray, idf: np.ndarray):
        """Features [n, EACH * layers] of pairs of a shard's query and document numbers, each [n]."""
        query_ids, query_at = np.unique(queries, return_inverse=True)
        document_ids, document_at = np.unique(documents, return_inverse=True)
        query = Side(shard, "query", query_ids, self.layers, idf)
        document = Side(shard, "document", document_ids, self.layers, idf)
        parts = []
        for layer, reader in enumerate(self.readers):
            vectors = document.vectors
            if layer + 1 < len(self.layers):
                vectors = F.normalize(reader.vector(document.mean(layer)), dim=-1)
            cosine = (query.vectors[query_at] * vectors[document_at]).sum(1, keepdim=True)
            parts += [reader.match(layer, query, document, query_at, document_at), cosine]
        return torch.cat(parts, 1)

    @torch.no_grad()
    def begin(self, opened: list, idf: np.ndarray):
        """Start from what some shards' texts say: principal directions, the less scaled the more
        they vary, and the ridge fit of e5's vectors by mean states."""
        sides = [Side(shard, "document", np.arange(0, len(shard.document_offsets) - 1, 4), self.layers, idf)
                 for shard in opened]  # fmt: skip
        for layer, reader in enumerate(self.readers):
            x = torch.cat([side.states[layer] for side in sides])
            mean = x.mean(0)
            values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
            values = values.clamp(min=1e-2 * values.mean().item())  # the last norm leaves a direction flat
            directions = (vectors * values**-WHITEN).T[-self.sizes[layer] :]
            for part in (reader.document, reader.query):
                part.weight.copy_(directions)
                part.bias.copy_(-directions @ mean)
            pooled = torch.cat([side.mean(layer) for side in sides])
            vectors = torch.cat([side.vectors for side in sides])
            centred, middle = pooled - pooled.mean(0), vectors.mean(0)
            gram = centred.T @ centred + 1e-4 * len(pooled) * values.mean() * torch.eye(len(values))
            reader.vector.weight.copy_(torch.linalg.solve(gram, centred.T @ (vectors - middle)).T)
            reader.vector.bias.copy_(middle - reader.vector.weight @ pooled.mean(0))
