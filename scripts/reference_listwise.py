"""jina-reranker-v3's way of ranking, in PyTorch: all documents in one context, as its authors' code builds it."""

from types import SimpleNamespace

import torch
from torch import nn
from transformers import Qwen3Config, Qwen3Model

DOCUMENT_MARK, QUERY_MARK = "<|embed_token|>", "<|rerank_token|>"
SYSTEM = (
    "You are a search relevance expert who can determine a ranking of the passages based on how relevant they are to "
    "the query. If the query is a question, how relevant a passage is depends on how well it answers the question. If "
    "not, try to analyze the intent of the query and assess how well each passage satisfies the intent. If an "
    "instruction is provided, you should follow the instruction when determining the ranking."
)
BLOCK = 125


def context(query, documents):
    """The prompt of one block."""
    passages = [f'<passage id="{i}">\n{text}{DOCUMENT_MARK}\n</passage>' for i, text in enumerate(documents)]
    return (
        f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n"
        f"I will provide you with {len(documents)} passages, each indicated by a numerical identifier. "
        f"Rank the passages based on their relevance to query: {query}\n"
        + "\n".join(passages)
        + f"\n<query>\n{query}{QUERY_MARK}\n</query>"
        + "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


class JinaForRanking(nn.Module):
    """The decoder and its projector."""

    def __init__(self, config):
        super().__init__()
        self.model = Qwen3Model(Qwen3Config(**config))
        hidden, width = config["hidden_size"], config["projector_size"]
        self.projector = nn.Sequential(
            nn.Linear(hidden, hidden // 2, bias=False), nn.ReLU(), nn.Linear(hidden // 2, width, bias=False)
        )

    def forward(self, ids, marks):
        """The projected states of the marked tokens, in order."""
        states = self.model(ids).last_hidden_state[0]
        chosen = torch.isin(ids[0], torch.tensor(marks))
        return self.projector(states[chosen])


@torch.inference_mode()
def rank(model, tokenizer, query, documents):
    """([encoding by document], [cosine by document]); documents are not cut here."""
    vectors, queries, weights = [], [], []
    marks = [tokenizer.token_to_id(DOCUMENT_MARK), tokenizer.token_to_id(QUERY_MARK)]
    clean = lambda text: text.replace(QUERY_MARK, "").replace(DOCUMENT_MARK, "")  # noqa: E731
    query, documents = clean(query), [clean(text) for text in documents]
    for first in range(0, len(documents), BLOCK):
        ids = tokenizer.encode(context(query, documents[first : first + BLOCK])).ids
        rows = model(torch.tensor([ids]), marks).double()
        vectors.extend(rows[:-1])
        queries.append(rows[-1])
        weights.append(((1 + torch.cosine_similarity(rows[:-1], rows[-1:])) / 2).max())
    average = sum(w * q for w, q in zip(weights, queries, strict=True)) / sum(weights)
    scores = torch.cosine_similarity(torch.stack(vectors), average[None])
    encodings = [tokenizer.encode(text) for text in documents]
    return [SimpleNamespace(ids=e.ids, type_ids=e.type_ids, overflowing=[]) for e in encodings], scores.tolist()
