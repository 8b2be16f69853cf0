"""How decoders are asked for relevance: the prompts of Qwen3-Reranker and mxbai-rerank-v2, as their authors build them.

Prefix, body and suffix are tokenized apart; only query and document are cut.
"""

from types import SimpleNamespace

QWEN3_PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
QWEN3_SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
QWEN3_INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"

MXBAI_PREFIX = (
    "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n"
)
MXBAI_TASK = (
    "You are a search relevance expert who evaluates how well documents match search queries. For each query-document "
    "pair, carefully analyze the semantic relationship between them, then provide your binary relevance judgment (0 "
    "for not relevant, 1 for relevant).\nRelevance:"
)
MXBAI_SUFFIX = "<|im_end|>\n<|im_start|>assistant\n"


def encoding(ids, truncated):
    """What the comparisons use of a tokenizers.Encoding."""
    return SimpleNamespace(ids=ids, type_ids=[0] * len(ids), overflowing=[True] * truncated)


def encode_qwen3(encode, query, document, max_length):
    """One sequence of Qwen3-Reranker; `encode` turns a text into ids."""
    prefix, suffix = encode(QWEN3_PREFIX), encode(QWEN3_SUFFIX)
    body = encode(f"<Instruct>: {QWEN3_INSTRUCTION}\n<Query>: {query}\n<Document>: {document}")
    most = max_length - len(prefix) - len(suffix)
    return encoding(prefix + body[:most] + suffix, len(body) > most)


def encode_mxbai(encode, query, document, max_length):
    """One sequence of mxbai-rerank-v2, whose max_length counts the prompt here."""
    prefix, task, suffix, border = map(encode, (MXBAI_PREFIX, MXBAI_TASK, MXBAI_SUFFIX, "\n"))
    most = max_length - len(prefix) - len(border) - len(task) - len(suffix)
    question, text = encode(f"query: {query}"), encode(f"document: {document}")
    cut = question[: most * 3 // 4]
    kept = (border + text)[: most - len(cut)]
    truncated = len(cut) < len(question) or len(kept) < len(border + text)
    return encoding(prefix + cut + kept + border + task + suffix, truncated)


# architecture: how it is asked, and the words whose logits' difference is the answer.
DECODERS = {"Qwen3ForCausalLM": (encode_qwen3, "yes", "no"), "Qwen2ForCausalLM": (encode_mxbai, "1", "0")}
