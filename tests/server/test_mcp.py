"""The Model Context Protocol at /mcp: by hand, and with the official client where it is installed."""

import asyncio
import json
import unittest

from serving import Server
from test_keys import keys

try:
    import mcp
except ImportError:
    mcp = None

DOCUMENTS = ["Cats sleep all day.", "Der Zug nach Hamburg fährt um neun.", "Tea is green."]
RERANK = {"name": "rerank", "arguments": {"query": "train to Hamburg", "documents": DOCUMENTS, "top_n": 2}}
NEWEST = "2026-07-28"


def setUpModule():
    global server
    server = Server("--cors-origin", "https://trusted.example", "--max-documents", "50")


def tearDownModule():
    server.stop()


def request(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def post(body, status=200, **headers):
    return server.post("/mcp", body, status, **headers)


class Protocol(unittest.TestCase):
    def test_handshake(self):
        answer = post(request("initialize", protocolVersion="2025-06-18", capabilities={}))
        self.assertEqual(answer["result"]["protocolVersion"], "2025-06-18")
        self.assertEqual(answer["result"]["serverInfo"]["name"], "podium")
        status, _, text = server.request("POST", "/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.assertEqual((status, text), (202, b""))

    def test_calls_and_batches(self):
        answers = post([request("tools/call", "a", **RERANK), {"jsonrpc": "2.0", "method": "notifications/x"},
                        request("tools/list", "b"), request("tools/call", "c", **RERANK)])
        self.assertEqual([answer["id"] for answer in answers], ["a", "b", "c"])
        self.assertEqual(answers[0]["result"], answers[2]["result"])
        results = answers[0]["result"]["structuredContent"]["results"]
        self.assertEqual((len(results), results[0]["document"]), (2, DOCUMENTS[1]))

    def test_without_handshake(self):
        meta = {"_meta": {"io.modelcontextprotocol/protocolVersion": NEWEST}}
        headers = {"MCP_Protocol_Version": NEWEST, "Mcp_Method": "tools/call", "Mcp_Name": "rerank"}
        answer = post(request("tools/call", **RERANK, **meta), **headers)
        self.assertEqual((answer["result"]["resultType"], answer["result"]["isError"]), ("complete", False))
        for wrong in ("MCP_Protocol_Version", "Mcp_Method", "Mcp_Name"):
            answer = post(request("tools/call", **RERANK, **meta), 400, **headers | {wrong: "2025-06-18"})
            self.assertEqual(answer["error"]["code"], -32020)
        headers = {"MCP_Protocol_Version": NEWEST, "Mcp_Method": "server/discover"}
        found = post(request("server/discover", **meta), **headers)["result"]
        self.assertIn(NEWEST, found["supportedVersions"])
        self.assertEqual(found["resultType"], "complete")
        answer = post(request("no/such", **meta), 404, **headers | {"Mcp_Method": "no/such"})
        self.assertEqual(answer["error"]["code"], -32601)

    def test_refusals(self):
        answer = post(request("ping"), 400, MCP_Protocol_Version="1999-01-01")
        self.assertEqual((answer["error"]["code"], answer["error"]["data"]["requested"]), (-32022, "1999-01-01"))
        self.assertEqual(post(b"{", 400)["error"]["code"], -32700)
        for wrong in ([], {}, 5, "x", {"id": 1}, {"jsonrpc": "2.0", "id": {}, "method": "ping"}):
            self.assertEqual(post(wrong, 400)["error"]["code"], -32600, wrong)
        for method in ("GET", "DELETE", "PUT"):
            status, headers, _ = server.request(method, "/mcp")
            self.assertEqual((status, headers["Allow"]), (405, "POST"))
        many = {"name": "rerank", "arguments": {"query": "x", "documents": ["a"] * 51}}
        for call in (many, {"name": "rerank", "arguments": {"query": "x", "documents": []}}):
            result = post(request("tools/call", **call))["result"]
            self.assertTrue(result["isError"] and "documents" in result["content"][0]["text"])

    def test_pages_of_other_sites_are_kept_out(self):
        for origin in ("http://evil.example", f"http://evil.example:{server.port}", "http://localhost.evil.example",
                       "null", "http://127.0.0.1.evil.example", "http://trusted.example"):
            self.assertIn("error", post(request("ping"), 403, Origin=origin))
        for origin in ("http://localhost:6274", f"http://127.0.0.1:{server.port}", "http://[::1]:80",
                       "https://trusted.example"):
            self.assertEqual(post(request("ping"), Origin=origin)["result"], {})


class Keys(unittest.TestCase):
    def test_it_is_behind_the_key_and_counts_as_usage(self):
        with Server() as guarded:
            key = keys(guarded, "add", "agent")["key"]
            guarded.post("/mcp", request("tools/call", **RERANK), 401)
            answer = guarded.post("/mcp", request("tools/call", **RERANK), Authorization=f"Bearer {key}")
            self.assertFalse(answer["result"]["isError"])
            self.assertIn("agent", json.dumps(keys(guarded, "usage")))


@unittest.skipUnless(mcp, "the official MCP client is not installed")
class OfficialClient(unittest.TestCase):
    def check(self, tools, ranked, wrong):
        self.assertEqual([tool.name for tool in tools.tools], ["rerank", "select_tools"])
        ranked, wrong = (result.model_dump(by_alias=True) for result in (ranked, wrong))
        self.assertEqual(ranked["structuredContent"]["results"][0]["index"], 1)
        self.assertTrue(wrong["isError"])

    async def use(self, client):
        return (await client.list_tools(), await client.call_tool("rerank", RERANK["arguments"]),
                await client.call_tool("rerank", {"query": "x", "documents": []}))

    def test_sessions_with_a_handshake(self):
        from mcp import ClientSession
        from mcp.client.streamable_http import streamable_http_client

        async def session():
            async with streamable_http_client(f"http://127.0.0.1:{server.port}/mcp") as streams:
                async with ClientSession(*streams[:2]) as client:
                    await client.initialize()
                    return await self.use(client)

        self.check(*asyncio.run(session()))

    @unittest.skipUnless(hasattr(mcp, "Client"), "this client is older than the version without handshake")
    def test_versions_that_the_client_negotiates(self):
        async def session():
            async with mcp.Client(f"http://127.0.0.1:{server.port}/mcp") as client:
                return client.protocol_version, *await self.use(client)

        version, *answers = asyncio.run(session())
        self.assertEqual(version, NEWEST)
        self.check(*answers)


if __name__ == "__main__":
    unittest.main()
