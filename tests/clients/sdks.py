"""SDKs of many vendors, pointed at a server that is no vendor's: each ranks, and says what was wrong with a bad call.

Usage: sdks.py URL [NAME …]; a name is that of a function below. What is not installed is skipped and said.
"""

import asyncio
import importlib.metadata
import json
import sys
import traceback

QUERY = "What is the capital of France?"
DOCUMENTS = [
    "Bananas are yellow and grow in bunches in the tropics.",
    "Paris is the capital and most populous city of France.",
    "The stock market fell sharply on Tuesday.",
]
BEST = 1
MODEL = "default"
KEY = "any-key"
CLIENTS = []


def client(*distributions):
    """Registers a check and the distributions that it needs; the first is the one it is about."""
    return lambda check: CLIENTS.append((check, distributions)) or check


def ordered(results, index, score, count=3):
    """Best first, all of them, in falling scores."""
    results = list(results)
    order, scores = [index(r) for r in results], [float(score(r)) for r in results]
    assert order[0] == BEST and len(set(order)) == count == len(order), order
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1] or count == 1, scores


def refuses(call, *kinds):
    """The call fails with one of the client's own exceptions, and with words."""
    try:
        answer = call()
    except kinds as error:
        assert str(error).strip(), "an error without words"
        return
    raise AssertionError(f"no error but {answer!r}")


@client("voyageai")
def voyage(url):
    import voyageai

    sdk = voyageai.Client(api_key=KEY, base_url=f"{url}/v1", max_retries=0)
    for options in ({}, {"top_k": 1}, {"top_k": 3, "truncation": True}):
        answer = sdk.rerank(QUERY, DOCUMENTS, model="rerank-2.5", **options)
        ordered(answer.results, lambda r: r.index, lambda r: r.relevance_score, options.get("top_k", 3))
        assert answer.results[0].document == DOCUMENTS[BEST] and answer.total_tokens > 0
    refuses(lambda: sdk.rerank("", DOCUMENTS, model="rerank-2.5"), voyageai.error.VoyageError)

    async def later():
        return await voyageai.AsyncClient(api_key=KEY, base_url=f"{url}/v1").rerank(QUERY, DOCUMENTS, model="rerank-2")

    ordered(asyncio.run(later()).results, lambda r: r.index, lambda r: r.relevance_score)


@client("mixedbread")
def mixedbread(url):
    import mixedbread

    sdk = mixedbread.Mixedbread(api_key=KEY, base_url=url, max_retries=0, _strict_response_validation=True)
    answer = sdk.rerank(model="mxbai-rerank-large-v2", query=QUERY, input=DOCUMENTS, return_input=True)
    ordered(answer.data, lambda r: r.index, lambda r: r.score)
    assert answer.data[0].input == DOCUMENTS[BEST] and answer.usage.total_tokens > 0
    objects = [{"title": text[:5], "body": text} for text in DOCUMENTS]
    answer = sdk.rerank(query=QUERY, input=objects, rank_fields=["body"], top_k=1)
    ordered(answer.data, lambda r: r.index, lambda r: r.score, 1)
    refuses(lambda: sdk.rerank(query=QUERY, input=[]), mixedbread.BadRequestError, mixedbread.UnprocessableEntityError)


@client("pinecone")
def pinecone(url):
    from pinecone import Pinecone

    inference = Pinecone(api_key=KEY, host=url).inference
    answer = inference.rerank(model="bge-reranker-v2-m3", query=QUERY, documents=DOCUMENTS, return_documents=True)
    ordered(answer.data, lambda r: r.index, lambda r: r.score)
    assert answer.data[0].document["text"] == DOCUMENTS[BEST] and answer.usage.rerank_units > 0
    objects = [{"id": str(i), "body": text} for i, text in enumerate(DOCUMENTS)]
    answer = inference.rerank(model="bge-reranker-v2-m3", query=QUERY, documents=objects, rank_fields=["body"], top_n=1,
                              parameters={"truncate": "END"})
    ordered(answer.data, lambda r: r.index, lambda r: r.score, 1)
    assert answer.data[0].document["id"] == str(BEST)
    refuses(lambda: inference.rerank(model="x", query=QUERY, documents=objects), Exception)


@client("cohere")
def cohere(url):
    import cohere as library

    for sdk in (library.ClientV2(api_key=KEY, base_url=url), library.Client(api_key=KEY, base_url=url)):
        answer = sdk.rerank(model="rerank-v3.5", query=QUERY, documents=DOCUMENTS, top_n=3)
        ordered(answer.results, lambda r: r.index, lambda r: r.relevance_score)
        refuses(lambda sdk=sdk: sdk.rerank(model="rerank-v3.5", query="", documents=DOCUMENTS),
                library.errors.BadRequestError)


@client("openai")
def openai(url):
    import openai as library

    sdk = library.OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)
    names = [model.id for model in sdk.models.list()]
    assert sdk.models.retrieve(names[0]).id == names[0]
    for options in ({}, {"encoding_format": "float"}):
        answer = sdk.embeddings.create(model=names[0], input=DOCUMENTS, **options)
        assert len(answer.data) == 3 and len(answer.data[0].embedding) == len(answer.data[2].embedding) > 0
        assert isinstance(answer.data[0].embedding[0], float)
    answer = sdk.post("/rerank", body={"query": QUERY, "documents": DOCUMENTS}, cast_to=object)
    ordered(answer["results"], lambda r: r["index"], lambda r: r["relevance_score"])
    refuses(lambda: sdk.embeddings.create(model=names[0], input=[]), library.BadRequestError)
    refuses(lambda: sdk.models.retrieve("no-such-model"), library.NotFoundError)
    refuses(lambda: sdk.chat.completions.create(model="x", messages=[]), library.NotFoundError)


@client("huggingface_hub")
def hugging_face(url):
    from huggingface_hub import InferenceClient

    vectors = InferenceClient(model=f"{url}/embed", token=KEY).feature_extraction(DOCUMENTS)
    assert vectors.shape[0] == len(DOCUMENTS), vectors.shape


@client("boto3")
def sagemaker(url):
    import boto3
    import botocore.exceptions
    from botocore.config import Config

    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1", "endpoint_url": url,
            "config": Config(retries={"total_max_attempts": 1})}
    runtime = boto3.client("sagemaker-runtime", **keys)
    body = {"query": QUERY, "documents": DOCUMENTS}
    for sent in (body, {"data": body}, {"query": QUERY, "texts": DOCUMENTS}):
        answer = runtime.invoke_endpoint(EndpointName="podium", ContentType="application/json", Body=json.dumps(sent))
        answer = json.loads(answer["Body"].read())
        assert len(answer.get("results", answer) if isinstance(answer, dict) else answer) > 0, answer
    refuses(lambda: runtime.invoke_endpoint(EndpointName="podium", ContentType="application/json", Body=b"{"),
            botocore.exceptions.ClientError)


@client("boto3")
def bedrock(url):
    import boto3
    import botocore.exceptions
    from botocore.config import Config

    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1", "endpoint_url": url,
            "config": Config(retries={"total_max_attempts": 1})}
    agent = boto3.client("bedrock-agent-runtime", **keys)

    def rank(query, **more):
        arn = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
        return agent.rerank(
            queries=[{"type": "TEXT", "textQuery": {"text": query}}],
            sources=[{"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
                     for text in DOCUMENTS],
            rerankingConfiguration={"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": {
                "modelConfiguration": {"modelArn": arn}, **more}})

    ordered(rank(QUERY)["results"], lambda r: r["index"], lambda r: r["relevanceScore"])
    ordered(rank(QUERY, numberOfResults=1)["results"], lambda r: r["index"], lambda r: r["relevanceScore"], 1)
    refuses(lambda: rank(" "), agent.exceptions.ValidationException)
    runtime = boto3.client("bedrock-runtime", **keys)
    body = {"query": QUERY, "documents": DOCUMENTS, "api_version": 2, "top_n": 3}
    answer = json.loads(runtime.invoke_model(modelId="cohere.rerank-v3-5:0", body=json.dumps(body))["body"].read())
    ordered(answer["results"], lambda r: r["index"], lambda r: r["relevance_score"])
    refuses(lambda: runtime.invoke_model(modelId="cohere.rerank-v3-5:0", body=b"{}"), botocore.exceptions.ClientError)


@client("tritonclient", "numpy")
def triton(url):
    import numpy
    import tritonclient.http as library

    with library.InferenceServerClient(url.removeprefix("http://")) as sdk:
        assert sdk.is_server_live() and sdk.is_server_ready()
        assert sdk.get_server_metadata()["name"]
        metadata = sdk.get_model_metadata(MODEL)
        assert sdk.is_model_ready(MODEL) and [t["name"] for t in metadata["inputs"]] == ["query", "documents"]
        for binary in (False, True):
            query = library.InferInput("query", [1], "BYTES")
            query.set_data_from_numpy(numpy.array([QUERY.encode()], dtype=object), binary_data=binary)
            documents = library.InferInput("documents", [3], "BYTES")
            texts = numpy.array([text.encode() for text in DOCUMENTS], dtype=object)
            documents.set_data_from_numpy(texts, binary_data=binary)
            for outputs in (None, [library.InferRequestedOutput("scores", binary_data=binary)]):
                scores = sdk.infer(MODEL, [query, documents], outputs=outputs).as_numpy("scores")
                assert scores.shape == (3,) and scores.argmax() == BEST, scores
        refuses(lambda: sdk.infer(MODEL, [query]), library.InferenceServerException)


@client("infinity_client")
def infinity(url):
    from infinity_client import Client
    from infinity_client.api.default import health, models, rerank
    from infinity_client.models import RerankInput

    for base in (url + "/infinity", url + "/infinity/v1"):
        sdk = Client(base_url=base, raise_on_unexpected_status=True)
        for options in ({}, {"return_documents": True, "top_n": 1}):
            body = RerankInput(query=QUERY, documents=DOCUMENTS, model=MODEL, **options)
            answer = rerank.sync(client=sdk, body=body)
            ordered(answer.results, lambda r: r.index, lambda r: r.relevance_score, options.get("top_n", 3))
    assert answer.results[0].document == DOCUMENTS[BEST]
    sdk = Client(base_url=url + "/infinity")
    assert health.sync_detailed(client=sdk).status_code == 200
    assert models.sync(client=sdk).data[0].id


@client("xinference_client")
def xinference(url):
    from xinference_client.client.restful.restful_client import RESTfulRerankModelHandle

    handle = RESTfulRerankModelHandle("default", url, {})
    answer = handle.rerank(DOCUMENTS, QUERY, top_n=None, return_documents=True)
    ordered(answer["results"], lambda r: r["index"], lambda r: r["relevance_score"])
    answer = handle.rerank(DOCUMENTS, QUERY, top_n=1)
    ordered(answer["results"], lambda r: r["index"], lambda r: r["relevance_score"], 1)
    refuses(lambda: handle.rerank([], QUERY), RuntimeError)


def main():
    url, *names = sys.argv[1:]
    passed = failed = 0
    for check, distributions in CLIENTS:
        if names and check.__name__ not in names:
            continue
        try:
            version = " ".join(f"{d} {importlib.metadata.version(d)}" for d in distributions)
        except importlib.metadata.PackageNotFoundError as missing:
            print(f"skipped: {check.__name__}: {missing.name} is not installed")
            continue
        try:
            check(url)
            passed += 1
            print(f"OK   {check.__name__}: {version}")
        except Exception:  # noqa: BLE001 - whatever a library throws
            failed += 1
            print(f"FAIL {check.__name__}: {version}\n{traceback.format_exc(limit=-3)}")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
