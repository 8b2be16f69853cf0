"""A tiny made-up encoder and rows with a planted rule, shared by the tests."""

import pytest

torch = pytest.importorskip("torch", reason="training tests need PyTorch")
pytest.importorskip("tokenizers", reason="training tests need the tokenizers package")

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

CONFIG = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
}
LAYERS, SIZES = (1, 2, 4), (16, 16, 24)  # of the depths; of their projected states
PAIRS = 5  # the rule: a query's a<i> asks for the document with b<i>
FILLERS = 8


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer():
    """Whole words, with <s> and </s> around a text as XLM-R has them."""
    words = ["<s>", "<pad>", "</s>", "<unk>", "que", "ry", "passage", ":"]
    words += [f"{letter}{i}" for letter in "ab" for i in range(PAIRS)]
    words += [f"w{i}" for i in range(FILLERS)]
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    made.normalizer = normalizers.Replace("query", "que ry")  # two pieces, as XLM-R's
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return made


@pytest.fixture(scope="session")
def weights():
    """Random BertModel tensors of CONFIG's shape."""
    generator = torch.Generator().manual_seed(3)

    def normal(*shape, scale=0.2):
        return torch.randn(*shape, generator=generator) * scale

    hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    tensors = {
        "embeddings.word_embeddings.weight": normal(40, hidden, scale=1.0),
        "embeddings.position_embeddings.weight": normal(512, hidden, scale=0.3),
        "embeddings.token_type_embeddings.weight": normal(2, hidden),
        "embeddings.LayerNorm.weight": torch.ones(hidden),
        "embeddings.LayerNorm.bias": torch.zeros(hidden),
    }
    shapes = {
        "attention.self.query": (hidden, hidden),
        "attention.self.key": (hidden, hidden),
        "attention.self.value": (hidden, hidden),
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (inner, hidden),
        "output.dense": (hidden, inner),
    }
    for layer in range(CONFIG["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}."
        for name, shape in shapes.items():
            tensors[f"{prefix}{name}.weight"] = normal(*shape)
            tensors[f"{prefix}{name}.bias"] = torch.zeros(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"{prefix}{name}.weight"] = torch.ones(hidden)
            tensors[f"{prefix}{name}.bias"] = torch.zeros(hidden)
    return tensors


def planted_rows(count: int, seed: int, shuffled: bool = False) -> list[dict]:
    """Rows whose positive holds b<i> where the query holds a<i>; `shuffled` breaks the rule."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        key = int(rng.integers(PAIRS))

        def text(word):
            fill = [f"w{i}" for i in rng.integers(FILLERS, size=3)]
            fill.insert(int(rng.integers(4)), word)
            return " ".join(fill)

        right = int(rng.integers(PAIRS)) if shuffled else key
        others = [i for i in range(PAIRS) if i != right]
        rows.append({
            "query": text(f"a{key}"),
            "pos": [text(f"b{right}")],
            "neg": [text(f"b{i}") for i in rng.permutation(others)[:3]],
            "lang_q": "en", "lang_d": "en", "source": "planted",
            "origin": "rows.jsonl.gz", "line": 0,
        })  # fmt: skip
    return rows
