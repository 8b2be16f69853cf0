// The Model Context Protocol over any transport: JSON-RPC 2.0 messages in, their answers out. Knows
// the versions of 2024-11-05 to 2025-11-25, which begin with a handshake, and that of 2026-07-28,
// which has none. Pure functions; the caller ranks in between.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "server/api/mcp_tools.h"

namespace podium::server {

// What HTTP repeats of a message in its headers; empty: not sent.
struct McpHeaders {
  std::string_view version;  // MCP-Protocol-Version
  std::string_view method;   // Mcp-Method
  std::string_view name;     // Mcp-Name
};

// The answer to one request: ready, or that of a tool, which waits for its ranking.
struct McpReply {
  std::string id;     // JSON text
  std::string ready;  // the whole message; empty: a tool's
  McpToolCall call;
  bool modern = false;  // of a version without handshake
};

struct McpTurn {
  std::vector<McpReply> replies;  // none: only notifications came, and no answer is due
  std::vector<Job> jobs;          // of the replies that are tools', in their order
  bool batch = false;             // the messages came in an array, and so do the answers
  int status = 200;               // of HTTP: what is no MCP is a bad request
};

// Never fails: what is wrong with a message is in its reply. `headers` is null where there are
// none.
McpTurn read_mcp(const json::Value& body, const McpHeaders* headers = nullptr);

// The answers to a turn, given the rankings of its jobs. The jobs may have been moved out of it.
std::string write_mcp(const McpTurn& turn, std::span<const Job> jobs,
                      std::span<const Ranking> rankings);

// The same where ranking failed: the protocol wants that as a tool's result, for the model to mend.
std::string write_mcp_failure(const McpTurn& turn, const Error& error);

// The answer to what is no message at all.
enum class McpFault { not_json = -32700, invalid_request = -32600, internal = -32603 };
std::string write_mcp_fault(McpFault fault, std::string_view message);

}  // namespace podium::server
