"""podium mcp: the protocol by hand, and with the official client where it is installed (`make mcp-check`).

Usage: test_mcp.py PROGRAM
"""

import asyncio
import json
import subprocess
import sys
import unittest
from pathlib import Path

try:
    import mcp
except ImportError:
    mcp = None

PROGRAM = "podium"
DOCUMENTS = ["Cats sleep all day.", "Der Zug nach Hamburg fährt um neun.", "Tea is green."]
TOOLS = [
    {"name": "send_mail", "description": "Send an e-mail to somebody", "inputSchema": {"type": "object"}},
    {"name": "track_parcel", "description": "Where a parcel is and when it will be delivered",
     "inputSchema": {"type": "object", "properties": {"number": {"description": "tracking number"}}}},
]


def talk(*messages):
    """The answers of one session to messages (text, or objects sent as JSON)."""
    lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    run = subprocess.run([PROGRAM, "mcp"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120,
                         check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def request(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


class Protocol(unittest.TestCase):
    def test_handshake(self):
        versions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "1999-01-01"]
        answers = talk(*[request("initialize", v, protocolVersion=v, capabilities={}) for v in versions],
                       {"jsonrpc": "2.0", "method": "notifications/initialized"}, request("ping", 7), "")
        self.assertEqual([a["id"] for a in answers], [*versions, 7])
        self.assertEqual([a["result"]["protocolVersion"] for a in answers[:5]], [*versions[:4], "2025-11-25"])
        self.assertEqual(answers[5]["result"], {})

    def test_tools(self):
        listed, ranked, selected = talk(
            request("tools/list"),
            request("tools/call", name="rerank", arguments={"query": "train to Hamburg", "documents": DOCUMENTS,
                                                            "top_n": 2}),
            request("tools/call", name="select_tools", arguments={"request": "Wo ist mein Paket?", "tools": TOOLS}))
        self.assertEqual([tool["name"] for tool in listed["result"]["tools"]], ["rerank", "select_tools"])
        results = ranked["result"]["structuredContent"]["results"]
        self.assertEqual((len(results), results[0]["index"], results[0]["document"]), (2, 1, DOCUMENTS[1]))
        self.assertEqual(json.loads(ranked["result"]["content"][0]["text"]), ranked["result"]["structuredContent"])
        self.assertEqual(selected["result"]["structuredContent"]["tools"][0]["name"], "track_parcel")

    def test_errors(self):
        answers = talk("{broken", "[]", "5", request("nothing/here"), request("tools/call", name="sing"),
                       {"jsonrpc": "2.0", "id": None, "method": "ping"}, {"jsonrpc": "2.0", "id": 1, "result": {}})
        codes = [-32700, -32600, -32600, -32601, -32602, -32600]
        self.assertEqual([answer["error"]["code"] for answer in answers], codes)
        wrong = [{}, {"query": "q"}, {"query": "q", "documents": []}, {"query": "q", "documents": [1]},
                 {"query": "", "documents": ["a"]}, {"query": "q", "documents": ["a"], "top_n": 0}]
        for answer in talk(*[request("tools/call", name="rerank", arguments=arguments) for arguments in wrong]):
            self.assertTrue(answer["result"]["isError"])
            self.assertTrue(answer["result"]["content"][0]["text"])


@unittest.skipUnless(mcp, "the official MCP client is not installed")
class OfficialClient(unittest.TestCase):
    def test_session(self):
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        async def session():
            async with stdio_client(StdioServerParameters(command=PROGRAM, args=["mcp"])) as (read, write):
                async with ClientSession(read, write) as client:
                    await client.initialize()
                    tools = await client.list_tools()
                    ranked = await client.call_tool("rerank", {"query": "train to Hamburg", "documents": DOCUMENTS})
                    wrong = await client.call_tool("rerank", {"query": "x", "documents": []})
                    return [t.model_dump(by_alias=True) for t in tools.tools], *[
                        r.model_dump(by_alias=True) for r in (ranked, wrong)]

        tools, ranked, wrong = asyncio.run(session())
        self.assertEqual([tool["name"] for tool in tools], ["rerank", "select_tools"])
        self.assertEqual(ranked["structuredContent"]["results"][0]["index"], 1)
        self.assertTrue(wrong["isError"])


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
