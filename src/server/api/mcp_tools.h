// The tools of the MCP server: what a model is told of them, and the ways from a call's arguments
// to a job and from its ranking to a result. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "podium/podium.h"
#include "server/api/dialect.h"

namespace podium::server {

enum class McpTool { rerank, select_tools };

std::optional<McpTool> find_mcp_tool(std::string_view name);

// The definitions of all tools, a JSON array.
std::string mcp_tool_definitions();

// A call of a tool, as far as its result needs it.
struct McpToolCall {
  McpTool tool = McpTool::rerank;
  std::vector<std::string> names;  // of the tools to select from
};

// The job of a call; fills in `call.names`. Errors name the argument that is missing or wrong.
Result<Job> read_tool_arguments(McpToolCall& call, const json::Value& arguments);

// The structured result, a JSON object.
std::string write_tool_result(const McpToolCall& call, const Job& job, const Ranking& ranking);

}  // namespace podium::server
