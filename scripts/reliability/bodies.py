"""Bad bodies for every route of every dialect."""

import gzip
import json
from pathlib import Path

from measure import QUERY

BAD_INPUT = Path(__file__).resolve().parents[3] / "shared" / "data" / "bad-input"
MB = 1 << 20
DOCUMENT = "Paris is the capital of France."

# How each API spells a query and its documents.
SHAPES = {
    "/jina/v1/rerank": lambda query, documents: {"query": query, "documents": documents},
    "/cohere/v1/rerank": lambda query, documents: {"query": query, "documents": documents},
    "/cohere/v2/rerank": lambda query, documents: {"query": query, "documents": documents},
    "/cohere/model/m/invoke": lambda query, documents: {"query": query, "documents": documents, "api_version": 2},
    "/azure/score": lambda query, documents: {"query": query, "documents": documents},
    "/bedrock/rerank": lambda query, documents: {
        "queries": [{"type": "TEXT", "textQuery": {"text": query}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": document}}}
            for document in documents
        ],
        "rerankingConfiguration": {"bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": query}}},
    },
    "/discovery/v1/projects/m:rank": lambda query, documents: {
        "query": query,
        "records": [{"id": document, "content": document} for document in documents],
    },
    "/infinity/rerank": lambda query, documents: {"query": query, "documents": documents, "model": query},
    "/kserve/v2/models/m/infer": lambda query, documents: {
        "inputs": [
            {"name": "query", "shape": [1], "datatype": "BYTES", "data": [query]},
            {"name": "documents", "shape": [len(documents)], "datatype": "BYTES", "data": documents},
        ]
    },
    "/llamacpp/reranking": lambda query, documents: {"query": query, "documents": documents, "model": query},
    "/localai/v1/rerank": lambda query, documents: {"query": query, "documents": documents, "model": query},
    "/mixedbread/v1/reranking": lambda query, documents: {"query": query, "input": documents, "model": query},
    "/pinecone/rerank": lambda query, documents: {
        "query": query,
        "documents": [{"text": document, query: document} for document in documents],
    },
    "/sagemaker/invocations": lambda query, documents: {"query": query, "documents": documents},
    "/tei/rerank": lambda query, documents: {"query": query, "texts": documents, "return_text": True},
    "/tei/predict": lambda query, documents: {"inputs": [[query, document] for document in documents]},
    "/tokenize": lambda query, documents: {"inputs": [query, *documents]},
    "/embed": lambda query, documents: {"inputs": [query, *documents]},
    "/v1/embeddings": lambda query, documents: {"input": [query, *documents], "model": query},
    "/vertex/predict": lambda query, documents: {"instances": [{"query": query, "texts": documents}]},
    "/vllm/score": lambda query, documents: {"text_1": query, "text_2": documents},
    "/vllm/v1/rerank": lambda query, documents: {"query": query, "documents": documents, "model": query},
    "/voyage/v1/rerank": lambda query, documents: {"query": query, "documents": documents, "model": query},
    "/xinference/v1/rerank": lambda query, documents: {"query": query, "documents": documents, "model": query},
}
ROUTES = tuple(SHAPES)


def body_of(route, query=QUERY, documents=(DOCUMENT,)):
    """A request as the route's API spells it."""
    return json.dumps(SHAPES[route](query, list(documents))).encode()


def everywhere(bodies):
    """Each body at every route."""
    for body in bodies:
        for route in ROUTES:
            yield route, body


def json_collection():
    """Files that are no JSON, hardly JSON, or JSON that is no request: as the body, and as the documents."""
    for file in sorted((BAD_INPUT / "json").glob("*.json")):
        yield from everywhere([file.read_bytes()])
        for route in ("/jina/v1/rerank", "/tei/rerank", "/vllm/score", "/bedrock/rerank"):
            marked = json.dumps(SHAPES[route](QUERY, ["PLACE"])).encode()
            yield route, marked.replace(b'"PLACE"', file.read_bytes())


def naughty_strings():
    """Each string as the query and the document; as every string of the request."""
    for string in json.loads((BAD_INPUT / "naughty-strings.json").read_text(encoding="utf-8")):
        for route in ROUTES:
            yield route, body_of(route, string, [string])


def deep_nesting():
    """Brackets without end, and with one."""
    bodies = [b"[" * MB, b'{"a":' * MB, b"[" * MB + b"]" * MB, b'{"query":' + b"[" * 1000 + b"]" * 1000 + b"}"]
    return everywhere(bodies)


def duplicate_keys():
    """A member twice, with values that agree and that do not."""
    for route in ROUTES:
        body = body_of(route)
        yield route, b"{" + body[1:-1] + b"," + body[1:]
        yield route, body[:-1] + b',"query":1,"documents":null,"texts":{},"inputs":7}'


def huge_numbers():
    """Numbers that no type holds, where a number, a text and the documents are expected."""
    numbers = [
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"9" * 10000,
        b"18446744073709551616",
        b"-9223372036854775809",
        b"0." + b"1" * 10000,
        b"1e" + b"9" * 1000,
        b"-0",
        b"NaN",
        b"Infinity",
        b"0x10",
        b"1_000",
    ]
    for number in numbers:
        for route in ROUTES:
            body = body_of(route)
            for name in (b"top_n", b"top_k", b"topN", b"max_tokens_per_doc", b"timeout_ms", b"threshold", b"priority"):
                yield route, body[:-1] + b',"' + name + b'":' + number + b"}"
            yield route, body.replace(b'"' + DOCUMENT.encode() + b'"', number)


def truncated_bodies():
    """A request that stops at each of its bytes."""
    for route in ROUTES:
        body = body_of(route)
        for size in range(len(body)):
            yield route, body[:size]


def invalid_utf8():
    """Bytes that no UTF-8 has, in strings and around them."""
    pieces = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xfe\xff", b"\x80" * 100]
    for piece in pieces:
        for route in ROUTES:
            body = body_of(route)
            yield route, body.replace(b"France", piece)
            yield route, body.replace(b"capital", piece)
            yield route, piece + body


def empty_strings():
    """Nothing as the query, as the documents, as both; no documents; blanks."""
    for route in ROUTES:
        for query, documents in [
            ("", [DOCUMENT]),
            (QUERY, [""]),
            ("", [""]),
            (QUERY, []),
            (" \t\n", [" \n"] * 3),
            (QUERY, ["", DOCUMENT, ""]),
        ]:
            yield route, body_of(route, query, documents)


def body_of_100_mb():
    """More than the server takes."""
    yield ROUTES[0], b'{"query":"' + b"x" * (100 * MB) + b'"}'


def a_million_documents():
    """More than the server takes unless it is told to."""
    for route in ("/jina/v1/rerank", "/tei/rerank", "/vllm/score"):
        yield route, body_of(route, QUERY, ["word"] * 1_000_000)


def document_of_50_mb():
    """One, of words and of one word."""
    yield ROUTES[0], body_of(ROUTES[0], QUERY, ["word " * (10 * MB)])
    yield "/tei/rerank", body_of("/tei/rerank", QUERY, ["x" * (50 * MB)])


def greedy_shapes():
    """A megabyte of what costs the most memory a byte."""
    pieces = [b'""', b"{}", b"[]", b"0", b'"a"', b'{"text":""}', b'["",""]', b'{"text":"a"}', b"null", b'[{"":""}]']
    for piece in pieces:
        elements = b",".join([piece] * (MB // (len(piece) + 1)))
        for key in (b"documents", b"texts", b"text_2", b"inputs", b"input", b"instances", b"records", b"sources"):
            routes = [route for route in ROUTES if b'"' + key + b'"' in body_of(route)]
            for route in routes:
                rest = {name: value for name, value in SHAPES[route](QUERY, ["a"]).items() if name != key.decode()}
                yield (
                    route,
                    b'{"'
                    + key
                    + b'":['
                    + elements
                    + b"]"
                    + b"".join(b"," + json.dumps({name: value}).encode()[1:-1] for name, value in rest.items())
                    + b"}",
                )
    yield ROUTES[0], b'{"query":"q","documents":["' + b"a " * (MB // 2) + b'"]}'
    yield ROUTES[0], b"{" + b",".join(b'"%d":0' % i for i in range(MB // 12)) + b"}"


def long_names():
    """A name, a model and a number of a megabyte, which an error or a log could repeat."""
    text = "n" * MB
    for route in ROUTES:
        body = SHAPES[route](QUERY, [DOCUMENT])
        yield route, json.dumps(body | {"model": text}).encode()
        yield route, json.dumps({text: body}).encode()
        yield route, json.dumps(body | {"top_n": text, "query": [text]}).encode()


def gzip_bombs():
    """(route, body) whose bodies are gzip: a gigabyte of blanks, one of brackets, half a file, no file."""
    packed = gzip.compress(b" " * (1 << 30), 1)
    for body in (packed, gzip.compress(b"[" * (1 << 29), 1), packed[: len(packed) // 2], b"\x1f\x8b" + b"\xff" * 1000):
        yield ROUTES[0], body
