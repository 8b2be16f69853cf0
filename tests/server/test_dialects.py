"""Every API at its paths: which one answers, in which shape, with which errors."""

import json
import struct
import unittest

from serving import BEST, DOCUMENTS, QUERY, Server

BODY = {"query": QUERY, "documents": DOCUMENTS}
LOGIT_OF_HALF = 0.0


def setUpModule():
    global server
    server = Server()


def tearDownModule():
    server.stop()


class Shapes(unittest.TestCase):
    def check(self, items, index="index", score="relevance_score", count=3):
        self.assertEqual(len(items), count)
        self.assertEqual(items[0][index], BEST)
        scores = [item[score] for item in items]
        self.assertEqual(scores, sorted(scores, reverse=True))

    def test_jina(self):
        body = server.post("/v1/rerank", BODY | {"model": "jina-reranker-v2-base-multilingual", "top_n": 2})
        self.assertEqual(list(body)[:4], ["model", "object", "usage", "results"])
        self.assertEqual(body["model"], "jina-reranker-v2-base-multilingual")
        self.check(body["results"], count=2)
        self.assertEqual(list(body["results"][0]), ["index", "relevance_score", "document"])
        self.assertEqual(body["results"][0]["document"], {"text": DOCUMENTS[BEST]})
        self.assertGreater(body["usage"]["total_tokens"], 10)
        body = server.post("/v1/rerank", BODY | {"return_documents": False, "top_n": None, "unknown": [1]})
        self.assertEqual(list(body["results"][0]), ["index", "relevance_score"])

    def test_jina_takes_mixed_documents_and_echoes_objects_as_sent(self):
        documents = ["a", '{"text":"Paris is the capital of France","n":123456789012345678901,"text2":[1.50]}']
        raw = '{"query":"capital of France","documents":["a", ' + documents[1] + " ]}"
        _, _, text = server.request("POST", "/v1/rerank", raw.encode())
        self.assertIn(b'"document":' + documents[1].encode(), text)

    def test_jina_errors(self):
        for body, field in [
            ({"documents": DOCUMENTS}, "query"),
            ({"query": QUERY}, "documents"),
            ({"query": QUERY, "documents": []}, "documents"),
            ({"query": QUERY, "documents": [1]}, "documents"),
            ({"query": QUERY, "documents": "text"}, "documents"),
            (BODY | {"top_n": 0}, "top_n"),
            (BODY | {"top_n": "two"}, "top_n"),
            (BODY | {"return_documents": "yes"}, "return_documents"),
            ({"query": " ", "documents": DOCUMENTS}, "query"),
        ]:
            answer = server.post("/v1/rerank", body, 422)
            self.assertIsInstance(answer["detail"], str)
            self.assertIn(field, answer["errors"][0]["field"])
        answer = server.post("/v1/rerank", BODY | {"documents": [{"image": "http://x/y.png"}]}, 400)
        self.assertIn("image", answer["detail"])
        self.assertIsInstance(server.post("/v1/rerank", b"{", 400)["detail"], str)

    def test_cohere_1(self):
        body = server.post("/v1/rerank", BODY, X_Fern_SDK_Name="cohere")
        self.assertEqual(list(body), ["id", "results", "meta"])
        self.assertEqual(list(body["results"][0]), ["index", "relevance_score"])
        self.assertEqual(body["meta"]["billed_units"]["search_units"], 1)
        documents = [{"title": text, "text": "-", "n": i} for i, text in enumerate(DOCUMENTS)]
        fields = {"documents": documents, "rank_fields": ["title"], "return_documents": True}
        body = server.post("/v1/rerank", BODY | fields)
        self.check(body["results"])
        self.assertEqual(body["results"][0]["document"], documents[BEST])
        answer = server.post("/v1/rerank", BODY | {"documents": []}, 400, User_Agent="cohere/5.21.1")
        self.assertIn("documents", answer["message"])

    def test_cohere_2(self):
        extra = {"model": "rerank-v3.5", "return_documents": True, "max_tokens_per_doc": None, "priority": 3}
        body = server.post("/v2/rerank", BODY | extra | {"top_n": 99})
        self.assertEqual(list(body), ["results", "id", "meta"])
        self.check(body["results"])
        self.assertEqual(list(body["results"][0]), ["index", "relevance_score"])
        self.assertEqual(body["meta"]["api_version"], {"version": "2", "is_experimental": False})
        self.assertIn("message", server.post("/v2/rerank", {"query": "x"}, 400))
        self.check(server.post("/providers/cohere/v2/rerank", BODY)["results"])
        body = server.post("/model/cohere.rerank-v3-5:0/invoke", BODY | {"api_version": 2})
        self.assertEqual(list(body), ["results"])

    def test_voyage(self):
        body = server.post("/v1/rerank", BODY | {"top_k": None, "truncation": True, "model": "rerank-2.5"})
        self.assertIn("data", body)
        body = server.post("/v1/rerank", BODY | {"top_k": 2, "return_documents": True})
        self.assertEqual(list(body), ["object", "data", "model", "usage"])
        self.check(body["data"], count=2)
        self.assertEqual(body["data"][0]["document"], DOCUMENTS[BEST])
        self.assertIsInstance(server.post("/v1/rerank", BODY | {"top_k": 0}, 400)["detail"], str)
        self.assertIn("data", server.post("/voyage/v1/rerank", BODY))

    def test_merged_for_litellm(self):
        body = server.post("/v1/rerank", BODY, User_Agent="litellm/1.106.2")
        for key in ("id", "model", "object", "usage", "results", "data", "meta"):
            self.assertIn(key, body)
        self.assertEqual(body["data"][0]["document"], DOCUMENTS[BEST])
        self.assertEqual(body["results"][0]["document"], {"text": DOCUMENTS[BEST]})

    def test_tei(self):
        texts = {"query": QUERY, "texts": DOCUMENTS}
        for path in ("/rerank", "/", "/invocations", "/v1/rerank", "/tei/rerank"):
            body = server.post(path, texts)
            self.check(body, score="score")
            self.assertEqual(list(body[0]), ["index", "score"])
        self.check(server.post("/rerank", texts | {"top_n": 1}), score="score")
        self.check(server.post("/reranking", texts | {"top_n": 1}), score="score", count=1)
        body = server.post("/rerank", texts | {"return_text": True, "raw_scores": True, "parameters": {}})
        self.assertEqual(list(body[0]), ["index", "text", "score"])
        self.assertLess(body[-1]["score"], LOGIT_OF_HALF)
        status, headers, _ = server.request("POST", "/rerank", texts)
        self.assertEqual((status, headers["x-compute-type"]), (200, "cpu"))
        answer = server.post("/rerank", texts | {"texts": []}, 400)
        self.assertEqual(answer["error_type"], "Empty")
        answer = server.post("/rerank", texts | {"texts": [{"text": "a"}]}, 422)
        self.assertEqual(answer["error_type"], "Validation")
        self.assertIsInstance(answer["error"], str)
        answer = server.post("/rerank", texts | {"texts": ["long " * 5000], "truncate": False}, 422)
        self.assertEqual(answer["error_type"], "Validation")

    def test_tei_pages(self):
        info = server.get("/info")
        self.assertIn("reranker", info["model_type"])
        self.assertGreater(info["max_input_length"], 0)
        tokens = server.post("/tokenize", {"inputs": "Hello world", "add_special_tokens": True})
        self.assertEqual(list(tokens[0][0]), ["id", "text", "special", "start", "stop"])
        bare = server.post("/tokenize", {"inputs": ["Hello", "world"], "add_special_tokens": False})
        self.assertEqual(len(bare), 2)
        self.assertFalse(any(token["special"] for text in bare for token in text))
        one = server.post("/predict", {"inputs": [QUERY, DOCUMENTS[BEST]], "parameters": {}})
        self.assertEqual(list(one[0]), ["score", "label"])
        many = server.post("/predict", {"inputs": [[QUERY, text] for text in DOCUMENTS]})
        self.assertEqual(max(range(3), key=lambda i: many[i][0]["score"]), BEST)
        self.assertEqual(server.post("/predict", {"inputs": "one text"})[0]["label"], "LABEL_0")

    def test_vllm(self):
        for path in ("/rerank", "/vllm/v1/rerank", "/vllm/v2/rerank", "/invocations"):
            body = server.post(path, BODY | {"top_n": 0})
            self.assertEqual(list(body), ["id", "model", "usage", "results"])
            self.check(body["results"])
            self.assertEqual(body["results"][0]["document"], {"text": DOCUMENTS[BEST], "multi_modal": None})
        parts = [{"content": [{"type": "text", "text": text}]} for text in DOCUMENTS]
        self.check(server.post("/rerank", BODY | {"documents": parts})["results"])
        answer = server.post("/rerank", {"query": QUERY}, 400)
        self.assertEqual((answer["error"]["code"], answer["error"]["param"]), (400, "body.documents"))

    def test_vllm_score(self):
        spellings = [("text_1", "text_2"), ("queries", "documents"), ("queries", "items"), ("data_1", "data_2")]
        for first, second in spellings:
            for path in ("/score", "/v1/score", "/invocations"):
                body = server.post(path, {first: QUERY, second: DOCUMENTS})
                self.assertEqual([item["index"] for item in body["data"]], [0, 1, 2])
                self.assertEqual(max(body["data"], key=lambda item: item["score"])["index"], BEST)
        paired = server.post("/score", {"text_1": [QUERY] * 3, "text_2": DOCUMENTS})
        self.assertEqual([item["score"] for item in paired["data"]], [item["score"] for item in body["data"]])
        self.assertEqual(len(server.post("/score", {"text_1": QUERY, "text_2": DOCUMENTS[0]})["data"]), 1)
        answer = server.post("/score", {"text_1": ["a", "b"], "text_2": DOCUMENTS}, 400)
        self.assertIn("1:N", answer["error"]["message"])

    def test_llama_cpp(self):
        for path in ("/reranking", "/v1/reranking", "/llamacpp/v1/rerank"):
            body = server.post(path, BODY | {"top_n": 2})
            self.assertEqual(list(body["results"][0]), ["index", "relevance_score"])
            self.check(body["results"], count=2)
        self.assertEqual(server.post("/reranking", BODY | {"top_n": 0})["results"], [])
        self.assertEqual(server.post("/reranking", {"query": "x"}, 400)["error"]["type"], "invalid_request_error")

    def test_infinity(self):
        body = server.post("/infinity/rerank", BODY)
        self.assertEqual(body["object"], "rerank")
        self.assertIsNone(body["results"][0]["document"])
        body = server.post("/infinity/rerank", BODY | {"return_documents": True})
        self.assertEqual(body["results"][0]["document"], DOCUMENTS[BEST])
        answer = server.post("/infinity/rerank", BODY | {"documents": [{"text": "a"}]}, 422)
        self.assertEqual(answer["detail"][0]["loc"], ["body", "documents"])

    def test_pinecone(self):
        documents = [{"id": str(i), "text": text} for i, text in enumerate(DOCUMENTS)]
        body = server.post("/rerank", BODY | {"documents": documents}, Api_Key="k")
        self.assertEqual(list(body), ["model", "data", "usage"])
        self.check(body["data"], score="score")
        self.assertEqual(body["data"][0]["document"], documents[BEST])
        answer = server.post("/rerank", BODY | {"documents": [{"id": "a"}]}, 400, Api_Key="k")
        self.assertEqual((answer["error"]["code"], answer["status"]), ("INVALID_ARGUMENT", 400))

    def test_mixedbread(self):
        body = server.post("/v1/reranking", {"query": QUERY, "input": DOCUMENTS, "top_k": 2, "return_input": True})
        self.check(body["data"], score="score", count=2)
        self.assertEqual(body["data"][0]["input"], DOCUMENTS[BEST])
        self.assertEqual((body["top_k"], body["return_input"]), (2, True))

    def test_localai_and_xinference(self):
        body = server.post("/localai/v1/rerank", BODY | {"model": "m"})
        self.assertEqual(list(body), ["model", "usage", "results"])
        self.assertEqual(body["results"][0]["document"], {"text": DOCUMENTS[BEST]})
        self.assertIsInstance(server.post("/localai/v1/rerank", BODY | {"model": "m", "top_n": 0}, 422), str)
        body = server.post("/v1/rerank", BODY | {"kwargs": "{}", "return_len": None, "top_n": None})
        self.assertEqual(list(body), ["id", "results", "meta"])
        self.assertIsNone(body["results"][0]["document"])

    def test_clouds(self):
        data = {"data": {"documents": [{"text": text} for text in DOCUMENTS], "query": QUERY, "top_n": 2}}
        body = server.post("/invocations", data)["data"][0]
        self.check(body["results"], count=2)
        self.assertEqual(body["results"][0]["document"]["text"], DOCUMENTS[BEST])
        sources = [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in DOCUMENTS
        ]
        queries = [{"type": "TEXT", "textQuery": {"text": QUERY}}]
        self.check(server.post("/rerank", {"queries": queries, "sources": sources})["results"], score="relevanceScore")
        status, headers, _ = server.request("POST", "/rerank", {"queries": [], "sources": sources})
        self.assertEqual((status, headers["x-amzn-ErrorType"]), (400, "ValidationException"))
        instances = [{"query": QUERY, "texts": DOCUMENTS}, BODY]
        for path in ("/vertex", "/predict", "/v1/endpoints/1/deployedModels/2:predict"):
            predictions = server.post(path, {"instances": instances})["predictions"]
            self.check(predictions[0], score="score")
            self.check(predictions[1]["results"])
        self.assertIn("instances[1]", server.post("/vertex", {"instances": [BODY, {}]}, 400)["detail"])
        records = [{"id": f"r{i}", "content": text} for i, text in enumerate(DOCUMENTS)]
        path = "/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank"
        body = server.post(path, {"query": QUERY, "records": records, "topN": 2})
        self.assertEqual([record["id"] for record in body["records"]][0], f"r{BEST}")
        self.assertEqual(len(body["records"]), 2)
        self.assertEqual(server.post(path, {"query": QUERY, "records": [{"id": "a"}]}, 400)["error"]["status"],
                         "INVALID_ARGUMENT")
        self.check(server.post("/score", BODY)["results"])

    def test_kserve(self):
        self.assertEqual(server.get("/v2")["name"], "podium")
        self.assertTrue(server.get("/v2/health/ready")["ready"])
        model = server.get("/v1/models")["data"][0]["id"]
        self.assertEqual(server.get(f"/v2/models/{model}")["inputs"][0]["name"], "query")
        self.assertTrue(server.get(f"/v2/models/{model}/ready")["ready"])
        tensors = [
            {"name": "query", "shape": [1], "datatype": "BYTES", "data": [QUERY]},
            {"name": "documents", "shape": [3], "datatype": "BYTES", "data": DOCUMENTS},
        ]
        body = server.post(f"/v2/models/{model}/infer", {"id": "7", "inputs": tensors})
        scores = body["outputs"][0]["data"]
        self.assertEqual((body["id"], scores.index(max(scores))), ("7", BEST))
        self.assertIsInstance(server.post(f"/v2/models/{model}/infer", {"inputs": []}, 400)["error"], str)

    def test_models_and_vectors(self):
        listed = server.get("/v1/models")
        self.assertEqual(listed["object"], "list")
        model = listed["data"][0]["id"]
        self.assertEqual(server.get(f"/v1/models/{model}")["id"], model)
        server.get("/v1/models/none-such", 404)
        body = server.post("/v1/embeddings", {"model": "x", "input": ["a b", "c"]})
        self.assertAlmostEqual(sum(x * x for x in body["data"][1]["embedding"]), 1, places=5)
        self.assertEqual(body["data"][1]["index"], 1)


class Tensors(unittest.TestCase):
    """KServe's binary tensors: JSON of a length that a header says, and bytes after it."""

    def infer(self, documents=DOCUMENTS, length=None, **parameters):
        def packed(*texts):
            return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)

        def tensor(name, count, data):
            return {"name": name, "shape": [count], "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}

        query, texts = packed(QUERY), packed(*documents)
        inputs = [tensor("query", 1, query), tensor("documents", len(documents), texts)]
        head = json.dumps({"inputs": inputs, "parameters": parameters}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head)) if length is None else length}
        return server.request("POST", "/v2/models/m/infer", head + query + texts, headers)

    def test_bytes_are_read_and_written(self):
        status, headers, text = self.infer()
        self.assertEqual((status, headers["Inference-Header-Content-Length"]), (200, None), text)
        (output,) = json.loads(text)["outputs"]
        status, headers, text = self.infer(binary_data_output=True)
        size = int(headers["Inference-Header-Content-Length"])
        self.assertEqual(json.loads(text[:size])["outputs"][0]["parameters"], {"binary_data_size": 12})
        for read, written in zip(struct.unpack("<3f", text[size:]), output["data"], strict=True):
            self.assertAlmostEqual(read, written, 6)

    def test_what_is_not_whole_is_refused(self):
        for length in ("99999999", "-1", "x", "3", "18446744073709551616"):
            status, _, text = self.infer(length=length)
            self.assertEqual(status, 400, length)
            self.assertTrue(json.loads(text)["error"])
        self.assertEqual(self.infer([])[0], 400)
        head = json.dumps({"inputs": [{"name": "query", "shape": [1], "datatype": "BYTES",
                                       "parameters": {"binary_data_size": 6}}]}).encode()
        for data in (b"", b"\xff\xff\xff\xffab", b"\x01\x00\x00\x00a\x00", b"\x02\x00\x00\x00\xff\xff"):
            status, _, _ = server.request("POST", "/v2/models/m/infer", head + data,
                                          {"Inference-Header-Content-Length": str(len(head))})
            self.assertEqual(status, 400, data)


class Rules(unittest.TestCase):
    def test_scores_do_not_depend_on_the_dialect_or_the_neighbours(self):
        jina = server.post("/v1/rerank", BODY)["results"][0]["relevance_score"]
        tei = server.post("/rerank", {"query": QUERY, "texts": [DOCUMENTS[BEST]]})[0]["score"]
        self.assertAlmostEqual(jina, tei, places=8)

    def test_threshold_is_at_the_top_level(self):
        scores = [r["relevance_score"] for r in server.post("/v1/rerank", BODY)["results"]]
        body = server.post("/v1/rerank", BODY | {"threshold": scores[1]})
        self.assertEqual(len(body["results"]), 2)

    def test_cut_documents_are_told(self):
        for more, cut in [({}, None), ({"max_windows": 2}, "1"), ({"aggregation": "first"}, "1"),
                          ({"max_tokens_per_doc": 1000}, "1"), ({"max_tokens_per_doc": 9000}, None)]:
            _, headers, _ = server.request("POST", "/v1/rerank", BODY | more | {"documents": ["word " * 1500, "a"]})
            self.assertEqual(headers.get("X-Podium-Truncated"), cut, more)
        server.post("/v1/rerank", BODY | {"documents": ["word " * 1500], "truncation": False}, 400)

    def test_long_documents_are_read_in_windows(self):
        long = "Nothing of interest was said. " * 300 + DOCUMENTS[BEST]
        def score(**more):
            (result,) = server.post("/v1/rerank", BODY | {"documents": [long], "top_n": 1} | more)["results"]
            return result["relevance_score"]
        self.assertGreater(score(), score(aggregation="first"))
        self.assertGreater(score(), score(aggregation="mean"))
        self.assertGreater(score(aggregation="mean"), score(aggregation="mean", mean_of=5))
        self.assertNotEqual(score(window=64), score())
        for bad in [{"aggregation": "median"}, {"window": 0}, {"window": 10**6}, {"overlap": -1}, {"mean_of": 0},
                    {"window_end": "page"}, {"max_windows": "two"}, {"return_passages": -1}]:
            server.post("/v1/rerank", BODY | bad, 422)

    def test_passages(self):
        text = "Größe 🚀. Nothing of interest was said on that day. " * 40 + DOCUMENTS[BEST] + " The end of it."
        documents = [DOCUMENTS[0], text, text]
        body = {"query": QUERY, "return_passages": 2}
        for path, more, results in [
            ("/v1/rerank", {"documents": documents}, "results"), ("/v2/rerank", {"documents": documents}, "results"),
            ("/rerank", {"texts": documents}, None), ("/voyage/v1/rerank", {"documents": documents}, "data"),
        ]:
            answer = server.post(path, body | more)
            found = answer[results] if results else answer
            self.assertEqual([r["index"] for r in found], [1, 2, 0], path)
            for result in found:
                document = documents[result["index"]]
                for passage in result["passages"]:
                    self.assertEqual(document[passage["start"] : passage["end"]], passage["text"])
            self.assertEqual(found[0]["passages"][0]["text"], DOCUMENTS[BEST])
            self.assertEqual(found[0]["passages"], found[1]["passages"])
            self.assertEqual([len(r["passages"]) for r in found], [2, 2, 1])
        plain = server.post("/v1/rerank", {"query": QUERY, "documents": documents})["results"]
        self.assertNotIn("passages", plain[0])
        again = server.post("/v1/rerank", body | {"documents": documents, "top_n": 1})["results"]
        self.assertEqual(len(again[0]["passages"]), 2)
        self.assertEqual(again[0]["relevance_score"], plain[0]["relevance_score"])

    def test_paths_of_other_clients(self):
        self.assertEqual(len(server.post("/endpoints/any/invocations", BODY)["results"]), 3)
        (model,) = server.get("/infinity/models")["data"]
        self.assertEqual((model["owned_by"], model["stats"]), ("infinity", {}))
        self.assertGreater(server.get("/infinity/health")["unix"], 1e9)
        self.assertEqual(server.get("/models")["data"][0]["owned_by"], "podium")
        self.assertEqual(server.request("GET", "/v2/models/m/infer")[0], 405)

    def test_equal_documents_keep_their_order(self):
        body = server.post("/v1/rerank", BODY | {"documents": ["same"] * 4})
        self.assertEqual([r["index"] for r in body["results"]], [0, 1, 2, 3])

    def test_errors_are_json_everywhere(self):
        for method, path in [("GET", "/none"), ("GET", "/v1/rerank"), ("PUT", "/rerank"), ("DELETE", "/v2/rerank")]:
            status, headers, text = server.request(method, path)
            self.assertIn(status, (404, 405), path)
            self.assertIn("application/json", headers["Content-Type"])
            json.loads(text)


if __name__ == "__main__":
    unittest.main()
