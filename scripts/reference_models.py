"""The PyTorch side of every comparison: model directories loaded into transformers' own classes, in float32.

Reads what Podium reads (one file or shards; F32, F16, BF16, Q4_0 blocks; plain and "flash" tensor names) and
answers with token ids from the `tokenizers` package, logits and embeddings.
"""

import inspect
import json
import re
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from reference_decoders import DECODERS
from reference_encoders import GteNew, JinaBert
from reference_listwise import JinaForRanking, rank
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

BLOCK_WEIGHTS, BLOCK_BYTES = 32, 18  # Q4_0: one fp16 scale and 32 nibbles

# The "flash" XLM-R of jina-reranker-v2 beside the plain Hugging Face names, inside a layer and outside.
FLASH_PARTS = {
    "mixer.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
    "norm2": "output.LayerNorm",
}
PLAIN_PARTS = {plain: flash for flash, plain in FLASH_PARTS.items()}
FLASH_NORM, PLAIN_NORM = "roberta.emb_ln.", "roberta.embeddings.LayerNorm."
FLASH_LAYER = re.compile(r"(.*encoder)\.layers\.(\d+)\.(.+)\.(weight|bias)")
PLAIN_LAYER = re.compile(r"(.*encoder)\.layer\.(\d+)\.(.+)\.(weight|bias)")
QKV = ("query", "key", "value")


def read_json(path):
    """One JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def dequantize_q4_0(blocks):
    """uint8 [rows, 18 * columns / 32] -> float32 [rows, columns].

    A block is an fp16 scale and 16 bytes; byte j holds weight j in its low and weight j + 16 in its high nibble;
    a weight is (nibble - 8) * scale (ggml's Q4_0).
    """
    rows = blocks.shape[0]
    blocks = blocks.reshape(-1, BLOCK_BYTES)
    scale = blocks[:, :2].contiguous().view(torch.float16).float()
    nibbles = torch.cat([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], dim=1)
    return ((nibbles.float() - 8.0) * scale).reshape(rows, -1)


def read_tensors(directory):
    """Every floating-point tensor of a checkpoint as float32, under its stored name."""
    directory = Path(directory)
    index = directory / "model.safetensors.index.json"
    files = sorted(set(read_json(index)["weight_map"].values())) if index.exists() else ["model.safetensors"]
    quantized = "quantization_config" in read_json(directory / "config.json")
    tensors = {}
    for file in files:
        for name, tensor in load_file(directory / file).items():
            if tensor.dtype == torch.uint8 and quantized:
                tensors[name] = dequantize_q4_0(tensor)
            elif tensor.is_floating_point():  # what is left out: int64 position_ids of old exports
                tensors[name] = tensor.float()
    return tensors


def load_podium_directory(path):
    """(config.json as a dict, {tensor name: float32 tensor}) of a model directory."""
    return read_json(Path(path) / "config.json"), read_tensors(path)


def flash_to_plain(tensors):
    """The same tensors under the names of transformers' XLMRobertaForSequenceClassification."""
    plain = {}
    for name, tensor in tensors.items():
        match = FLASH_LAYER.fullmatch(name)
        if match is None:
            plain[name.replace(FLASH_NORM, PLAIN_NORM)] = tensor
            continue
        encoder, layer, part, kind = match.groups()
        stem = f"{encoder}.layer.{layer}."
        if part == "mixer.Wqkv":  # rows: all of Q, then K, then V
            for projection, chunk in zip(QKV, tensor.chunk(3), strict=True):
                plain[f"{stem}attention.self.{projection}.{kind}"] = chunk.contiguous()
        else:
            plain[f"{stem}{FLASH_PARTS[part]}.{kind}"] = tensor
    return plain


def plain_to_flash(tensors):
    """The inverse of flash_to_plain."""
    flash = {}
    for name, tensor in tensors.items():
        match = PLAIN_LAYER.fullmatch(name)
        if match is None:
            flash[name.replace(PLAIN_NORM, FLASH_NORM)] = tensor
            continue
        encoder, layer, part, kind = match.groups()
        stem = f"{encoder}.layers.{layer}."
        if part == "attention.self.query":
            rows = [tensors[name.replace("query", projection)] for projection in QKV]
            flash[f"{stem}mixer.Wqkv.{kind}"] = torch.cat(rows)
        elif part in PLAIN_PARTS:
            flash[f"{stem}{PLAIN_PARTS[part]}.{kind}"] = tensor
    return flash


def empty_model(config):
    """The class that the config names, its weights as they come."""
    foreign = ("auto_map", "torch_dtype", "dtype", "quantization_config", "podium")
    known = {key: value for key, value in config.items() if key not in foreign}
    architecture = config["architectures"][0]
    if config.get("position_embedding_type") == "alibi":
        return JinaBert(SimpleNamespace(**known))
    if config.get("model_type") == "new":
        return GteNew(SimpleNamespace(**known))
    if architecture == "JinaForRanking":
        return JinaForRanking(known)
    if architecture == "BertModel":
        return BertModel(BertConfig(**known), add_pooling_layer=False)
    family = getattr(transformers, architecture)
    return family(family.config_class(**known))  # jina v2's config has no model_type


def build_model(config, tensors):
    """A transformers model of the class the config names, in eval mode and float32, filled with the tensors."""
    if config["architectures"] == ["XLMRobertaForSequenceClassification"]:
        tensors = flash_to_plain(tensors)
    model = empty_model(config)
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    derived = ("position_ids", "token_type_ids", "lm_head.weight")  # the last one where it is tied
    missing = [name for name in missing if not name.endswith(derived)]
    unexpected = [name for name in unexpected if not name.startswith("interaction.")]  # the heads over a frozen encoder
    if missing or unexpected:
        raise ValueError(f"tensors missing {missing}, unexpected {unexpected}")
    return model.eval()


class Reference:
    """A model directory, ready to answer in float32."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.config, tensors = load_podium_directory(directory)
        self.model = build_model(self.config, tensors)
        self.decoder = DECODERS.get(self.config["architectures"][0])
        self.takes_types = "token_type_ids" in inspect.signature(self.model.forward).parameters
        self.max_length = read_json(Path(directory) / "tokenizer_config.json")["model_max_length"]
        self.tokenizer = Tokenizer.from_file(str(Path(directory) / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(self.max_length, strategy="longest_first")

    def encode_pairs(self, query, documents):
        """The tokenizers package's encodings of (query, document), truncated longest_first to the model's length."""
        if self.decoder:
            encode = lambda text: self.tokenizer.encode(text, add_special_tokens=False).ids  # noqa: E731
            self.tokenizer.no_truncation()
            return [self.decoder[0](encode, query, document, self.max_length) for document in documents]
        return [self.tokenizer.encode(query, document) for document in documents]

    @torch.inference_mode()
    def logits(self, encodings):
        """One float per encoding. One sequence at a time: no padding, so nothing but the sequence can matter."""
        scores = []
        for encoding in encodings:
            ids, types = torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids])
            mask = torch.ones_like(ids)
            # Families without token types take none, though their tokenizers may give some.
            arguments = {"token_type_ids": types} if self.takes_types else {}
            logits = self.model(ids, attention_mask=mask, **arguments).logits[0]
            if self.decoder:
                yes, no = map(self.tokenizer.token_to_id, self.decoder[1:])
                scores.append((logits[-1, yes] - logits[-1, no]).item())
            else:
                scores.append(logits[0].item())
        return scores

    def cosines(self, query, documents):
        """([encoding by document], [cosine]) of a sentence-transformers directory."""
        read = lambda name: read_json(self.directory / name)  # noqa: E731
        prompts = read("config_sentence_transformers.json")["prompts"]
        first = read("1_Pooling/config.json")["pooling_mode_cls_token"]
        texts = [prompts["document"] + document for document in documents]
        texts = [prompts["query"] + query, *texts]
        vectors = self.embed(texts, first).double()
        cut, *encodings = [self.tokenizer.encode(text) for text in texts]
        # A query that was cut makes every answer one about less than was asked.
        flagged = [
            SimpleNamespace(ids=e.ids, type_ids=e.type_ids, overflowing=e.overflowing or cut.overflowing)
            for e in encodings
        ]
        return flagged, (vectors[1:] @ vectors[0]).tolist()

    def listwise(self, query, documents):
        """([encoding by document], [cosine]) of a model that reads all documents at once."""
        self.tokenizer.no_truncation()
        return rank(self.model, self.tokenizer, query, documents)

    @torch.inference_mode()
    def embed(self, texts, first=False):
        """float32 [texts, hidden], L2-normalised: the mean over all tokens or the first token's state.

        The texts carry their prefix already.
        """
        rows = []
        for text in texts:
            ids = torch.tensor([self.tokenizer.encode(text).ids])
            hidden = self.model(ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
            rows.append(torch.nn.functional.normalize(hidden[0] if first else hidden.mean(dim=0), dim=0))
        return torch.stack(rows)

    def score(self, query, documents):
        """([logit], [tokens encoded]) by document: a cross-encoder's, or a bi-encoder's calibrated cosine."""
        podium = self.config.get("podium", {})
        if self.config["architectures"] == ["JinaForRanking"]:
            encodings, cosines = self.listwise(query, documents)
            return cosines, [len(encoding.ids) for encoding in encodings]
        if podium.get("head") != "bi-encoder":
            encodings = self.encode_pairs(query, documents)
            return self.logits(encodings), [len(encoding.ids) for encoding in encodings]
        texts = [podium["document_prefix"] + document for document in documents]
        vectors = self.embed([podium["query_prefix"] + query, *texts]).double()
        logits = podium["calibration"]["scale"] * (vectors[1:] @ vectors[0]) + podium["calibration"]["bias"]
        return logits.tolist(), [len(self.tokenizer.encode(text).ids) for text in texts]
