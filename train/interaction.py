"""Late interaction over the frozen encoder, at three depths.

After each layer of LAYERS every token's state is projected to a short unit vector. A query token
looks for its best match among the document's tokens (MaxSim, ColBERT: Khattab and Zaharia 2020,
arXiv:2004.12832); the matches are averaged with a learned weight for each query token. A depth's
logit is a small function of these averages up to its layer, of the share of the query's words
that the document repeats and of both lengths; at the top also of the bi-encoder's cosine.
"""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from train.encoder import Packed

LAYERS = (4, 8, 12)
DEPTHS = ("tiny", "turbo", "base")
SIZE = 128  # of a projected state
PLAIN = 3  # features every depth has: repeated words, log of the query's and document's length
HIDDEN = 16


def lexical(query: np.ndarray, document: np.ndarray, idf: np.ndarray) -> float:
    """The idf-weighted share of a query's distinct tokens that a document repeats, in [0, 2.2):
    BM25's saturation with k1 = 1.2 and no length norm over the sum of idf. Token ids without
    <s>, prefix and </s>."""
    wanted = np.unique(query)
    if len(wanted) == 0:
        return 0.0
    found, counts = np.unique(document, return_counts=True)
    place = np.minimum(np.searchsorted(found, wanted), len(found) - 1)
    counts = np.where(found[place] == wanted, counts[place], 0) if len(found) else 0 * wanted
    weights = idf[wanted]
    return float((weights * counts * 2.2 / (counts + 1.2)).sum() / max(weights.sum(), 1e-6))


class Scorer(nn.Module):
    """Features [n, count] -> logits [n]: linear, plus a small network that starts at zero."""

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("deviation", torch.ones(count))
        self.linear = nn.Linear(count, 1)
        self.up = nn.Linear(count, HIDDEN)
        self.down = nn.Linear(HIDDEN, 1, bias=False)
        nn.init.zeros_(self.down.weight)
        nn.init.constant_(self.linear.weight, 0.5)
        nn.init.zeros_(self.linear.weight[:, :PLAIN])
        nn.init.constant_(self.linear.bias, -1.0)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = (features - self.mean) / self.deviation
        return (self.linear(x) + self.down(F.gelu(self.up(x)))).squeeze(-1)


class Interaction(nn.Module):
    """What is trained: projections and token weights by layer, a scorer by depth.

    hidden: size of the encoder's states; layers: after which the depths of DEPTHS read them;
    size: of a projected state.
    """

    def __init__(self, hidden: int, layers: tuple[int, ...] = LAYERS, size: int = SIZE):
        super().__init__()
        self.layers, self.size, count = tuple(layers), size, len(layers)
        self.project = nn.ModuleList(nn.Linear(hidden, size) for _ in range(count))
        self.weigh = nn.ModuleList(nn.Linear(hidden, 1, bias=False) for _ in range(count))
        self.scorers = nn.ModuleDict({name: Scorer(PLAIN + i + 1 + (i + 1 == count)) for i, name in enumerate(DEPTHS)})

    @torch.no_grad()
    def start(self, states: list[torch.Tensor], query: list[torch.Tensor], weight: torch.Tensor):
        """Set the projections to the principal directions of document `states` (each [tokens,
        hidden]) and the token weights to a ridge fit of log `weight` [tokens] by `query`."""
        for i, (x, q) in enumerate(zip(states, query, strict=True)):
            mean = x.mean(0)
            _, vectors = torch.linalg.eigh((x - mean).T @ (x - mean))
            directions = vectors[:, -self.size :].T
            self.project[i].weight.copy_(directions)
            self.project[i].bias.copy_(-directions @ mean)
            centred = weight.log() - weight.log().mean()
            q = q - q.mean(0)
            gram = q.T @ q + 1e-3 * len(q) * torch.eye(q.shape[1])
            self.weigh[i].weight.copy_(torch.linalg.solve(gram, q.T @ centred)[None])

    def unit(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        """States [tokens, hidden] after LAYERS[layer] as unit vectors [tokens, size]."""
        return F.normalize(self.project[layer](states), dim=-1)

    def match(self, layer: int, query: Packed, asking: np.ndarray, seen, spans: np.ndarray, states):
        """Weighted mean [n] of each query token's best cosine, for n pairs.

        asking [n]: the pairs' query numbers; spans [n, 2]: where their document's tokens are in
        `seen` [tokens, size], unit vectors without gradients that find the best document token.
        Only what was found, `states(rows)`, is projected with gradients, a fraction of all tokens.
        """
        asked = self.unit(layer, query.flat)
        weight = self.weigh[layer](query.flat).squeeze(-1)
        starts = query.offsets.tolist()
        share = torch.cat([weight[a:b].softmax(0) for a, b in zip(starts, starts[1:], strict=False)])
        left, right, owner = [], [], []
        for number in np.unique(asking):
            span = torch.arange(starts[number], starts[number + 1])
            tokens = asked.detach()[starts[number] : starts[number + 1]]
            for pair in np.flatnonzero(asking == number).tolist():
                start, end = spans[pair]
                right.append((tokens @ seen[start:end].T).argmax(1) + start)
                left.append(span)
                owner.append(torch.full_like(span, pair))
        left, right, owner = torch.cat(left), torch.cat(right), torch.cat(owner)
        best = self.unit(layer, states(right)) if torch.is_grad_enabled() else seen[right]
        similar = (asked[left] * best).sum(-1) * share[left]
        return similar.new_zeros(len(asking)).index_add(0, owner, similar)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by depth; a depth reads the features it has."""
        return {name: s(features[:, : len(s.mean)]) for name, s in self.scorers.items()}

    def read(self, shard, queries: np.ndarray, documents: np.ndarray, idf: np.ndarray, seen=None):
        """Features [n, PLAIN + layers + 1] of pairs of a shard's query and document numbers, each [n].

        seen: what `glance` gave for the shard; without it the documents' tokens are projected here.
        """
        query_ids, query_at = np.unique(queries, return_inverse=True)
        document_ids, document_at = np.unique(documents, return_inverse=True)
        matches = []
        for number, layer in enumerate(self.layers):
            query = shard.packed("query", query_ids, layer)
            if seen is None:
                document = shard.packed("document", document_ids, layer)
                with torch.no_grad():
                    vectors = self.unit(number, document.flat)
                spans = np.stack([document.offsets[document_at], document.offsets[document_at + 1]], 1)
                states = document.flat.__getitem__
            else:
                vectors = seen[number]
                spans = np.stack([shard.document_offsets[documents], shard.document_offsets[documents + 1]], 1)
                states = partial(shard.states_at, "document", layer)
            matches.append(self.match(number, query, query_at, vectors, spans, states))
        cosine = (shard.query_vectors[queries] * shard.document_vectors[documents]).sum(1)
        plain = plain_features(shard, queries, documents, idf)
        return torch.cat([plain, torch.stack([*matches, torch.from_numpy(cosine)], 1)], 1)

    @torch.no_grad()
    def glance(self, shard) -> list[torch.Tensor]:
        """The unit vectors of all tokens of a shard's documents by layer, as the model is: good for
        the steps on that shard, in which the model moves little."""
        count = int(shard.document_offsets[-1])
        blocks = [torch.arange(start, min(start + 16384, count)) for start in range(0, count, 16384)]
        return [
            torch.cat([self.unit(number, shard.states_at("document", layer, rows)) for rows in blocks])
            for number, layer in enumerate(self.layers)
        ]

    @torch.no_grad()
    def begin(self, shard, idf: np.ndarray, rng: np.random.Generator):
        """Start from what a shard's texts say: principal directions, token weights near idf, and
        the mean and deviation of the features."""
        documents = np.arange(0, len(shard.document_offsets) - 1, 4)
        queries = np.arange(len(shard.query_offsets) - 1)
        weight = []
        for number in queries:
            one = np.maximum(idf[shard.tokens("query", number)], 0.05)
            one[[0, 1, 2, -1]] = 0.05
            weight.append(one)
        self.start(
            [shard.packed("document", documents, layer).flat for layer in self.layers],
            [shard.packed("query", queries, layer).flat for layer in self.layers],
            torch.from_numpy(np.concatenate(weight)).float(),
        )
        rows = rng.permutation(len(shard.row_query))[:100]
        known = shard.negatives[rows]
        asked = np.repeat(shard.row_query[rows], known.shape[1])[known.ravel() >= 0]
        asked = np.concatenate([asked, shard.row_query[rows]])
        found = np.concatenate([known[known >= 0], shard.positives[rows, 0]])
        features = self.read(shard, asked, found, idf)
        for scorer in self.scorers.values():
            count = len(scorer.mean)
            scorer.mean.copy_(features[:, :count].mean(0))
            scorer.deviation.copy_(features[:, :count].std(0).clamp(min=1e-3))


def plain_features(shard, queries: np.ndarray, documents: np.ndarray, idf: np.ndarray):
    """[n, PLAIN] of pairs of a shard's query and document numbers."""
    rows = []
    for q, d in zip(queries, documents, strict=True):
        query, document = shard.tokens("query", q), shard.tokens("document", d)
        share = lexical(query[3:-1], document[3:-1], idf)
        rows.append([share, np.log(len(query)), np.log(len(document))])
    return torch.tensor(rows, dtype=torch.float32)
