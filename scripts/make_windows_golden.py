"""Writes tests/golden/windows.json: scores of documents from one token to 600,000, read in windows.

    python scripts/make_windows_golden.py

The windows are cut here as jina-reranker-v2's rerank() cuts them, restated in a few lines, and scored by PyTorch one
by one. A document is a number of words; word i is words[(i * i + 3 * i) % len(words)].
"""

import json
from pathlib import Path

import torch
from reference_models import Reference, read_json
from sample_texts import LONG_TEXT

ROOT = Path(__file__).resolve().parent.parent
OVERLAP = 80
WORDS = LONG_TEXT.split(" ")
COUNTS = [1, 2, 20, 45, 50, 55, 60, 90, 300, 3000]
LONGEST = 173_000  # words; about 600,000 tokens of tiny-jina-flash


def document(count):
    return " ".join(WORDS[(i * i + 3 * i) % len(WORDS)] for i in range(count))


def windows(ids, room, overlap):
    """The stretches of a document: start, step, and a last one that is moved back to end at the end."""
    if len(ids) <= room:
        return [ids]
    overlap, start, found = min(overlap, room // 4), 0, []
    while start + room < len(ids):
        found.append(ids[start : start + room])
        start += room - overlap
    return [*found, ids[-room:]]


def read_whole(reference, text):
    reference.tokenizer.no_truncation()
    return reference.tokenizer.encode(text, add_special_tokens=False)


@torch.inference_mode()
def logits(reference, sequences, types):
    """One a sequence; they go through the model in groups of one length, so that nothing is padded."""
    scores = [0.0] * len(sequences)
    by_length = {}
    for index, ids in enumerate(sequences):
        by_length.setdefault(len(ids), []).append(index)
    for indices in by_length.values():
        for group in (indices[at : at + 256] for at in range(0, len(indices), 256)):
            ids = torch.tensor([sequences[index] for index in group])
            extra = {"token_type_ids": torch.tensor([types[index] for index in group])} if reference.takes_types else {}
            found = reference.model(ids, attention_mask=torch.ones_like(ids), **extra).logits[:, 0]
            for index, score in zip(group, found.tolist(), strict=True):
                scores[index] = score
    return scores


def score_pairs(reference, query, text, overlap):
    """(best logit, number of windows, tokens) of a cross-encoder."""
    alone = reference.tokenizer.encode(query)  # with special tokens
    cut, end = alone.ids, alone.ids[-1]
    body = read_whole(reference, text).ids
    separators = len(reference.tokenizer.encode(query, text).ids) - len(alone.ids) - len(body)
    if len(alone.ids) + separators + len(body) > reference.max_length:
        cut = [*alone.ids[: reference.max_length // 2 - 1], end] if len(alone.ids) > reference.max_length // 2 else cut
    # `<s> q </s></s> d </s>` or `[CLS] q [SEP] d [SEP]`: separators counts those around the document.
    middle = [end] * (separators - 1)
    kind = reference.tokenizer.encode("a", "b").type_ids[-1]  # of the document's tokens
    chunks = windows(body, reference.max_length - len(cut) - separators, overlap)
    sequences = [[*cut, *middle, *chunk, end] for chunk in chunks]
    types = [[0] * (len(cut) + len(middle)) + [kind] * (len(chunk) + 1) for chunk in chunks]
    return max(logits(reference, sequences, types)), len(chunks), sum(map(len, sequences))


@torch.inference_mode()
def score_vectors(reference, query, text, overlap):
    """The same of a bi-encoder: the best cosine."""
    prompts = read_json(reference.directory / "config_sentence_transformers.json")["prompts"]
    first = read_json(reference.directory / "1_Pooling/config.json")["pooling_mode_cls_token"]
    whole = read_whole(reference, prompts["document"] + text)
    lead = sum(1 for begin, end in whole.offsets if end <= len(prompts["document"]))
    opening, closing = reference.tokenizer.encode("").ids

    def vector(ids):
        ids = torch.tensor([[opening, *ids, closing]])
        hidden = reference.model(ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        return torch.nn.functional.normalize(hidden[0] if first else hidden.mean(dim=0), dim=0).double()

    asked = vector(read_whole(reference, prompts["query"] + query).ids)
    chunks = windows(whole.ids[lead:], reference.max_length - 2 - lead, overlap)
    cosines = [(vector(whole.ids[:lead] + chunk) @ asked).item() for chunk in chunks]
    return max(cosines), len(chunks), sum(map(len, chunks)) + len(chunks) * (lead + 2)


def answers(name):
    reference = Reference(ROOT / "tests/data" / name)
    score = score_vectors if (reference.directory / "modules.json").exists() else score_pairs
    long_query = document(70)  # longer than half of what the model reads
    for query in ["Organic skincare products for sensitive skin", *([long_query] if score is score_pairs else [])]:
        counts = [*COUNTS, LONGEST] if name == "tiny-jina-flash" and query != long_query else COUNTS
        for count in counts:
            for overlap in [OVERLAP] if count > 3000 else [OVERLAP, 0, 7]:
                logit, number, tokens = score(reference, query, document(count), overlap)
                yield {
                    "query_words": 70 if query == long_query else 0,
                    "words": count,
                    "overlap": overlap,
                    "windows": number,
                    "tokens": tokens,
                    "logit": round(logit, 7),
                }


def main():
    names = ["tiny-jina-flash", "tiny-xlmr", "tiny-bert", "tiny-bi-encoder-mean", "tiny-bi-encoder-cls"]
    lines = [f'"{name}":[\n' + ",\n".join(json.dumps(a) for a in answers(name)) + "\n]" for name in names]
    text = '{"words":' + json.dumps(WORDS, ensure_ascii=False) + ",\n" + ",\n".join(lines) + "\n}\n"
    (ROOT / "tests/golden/windows.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
