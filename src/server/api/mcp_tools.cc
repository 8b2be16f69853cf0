#include "server/api/mcp_tools.h"

#include <algorithm>

#include "base/error.h"
#include "documents/tools.h"

namespace podium::server {

namespace {

constexpr std::string_view kDefinitions = R"json([{
"name":"rerank","title":"Rank documents",
"description":"Orders documents by how well they answer a query, best first, in about a hundred languages and across them. Use it to choose what to read or to quote from search results.",
"inputSchema":{"type":"object","required":["query","documents"],"properties":{
"query":{"type":"string","minLength":1,"description":"What the documents are judged by."},
"documents":{"type":"array","minItems":1,"items":{"type":"string"}},
"top_n":{"type":"integer","minimum":1,"description":"How many to return; all if left out."}}},
"outputSchema":{"type":"object","required":["results"],"properties":{"results":{"type":"array","items":{"type":"object","required":["index","relevance_score","document"],"properties":{
"index":{"type":"integer","description":"Position in the documents as given, from 0."},
"relevance_score":{"type":"number"},"document":{"type":"string"},
"truncated":{"type":"boolean","description":"The document is longer than the model reads and was cut."}}}}}},
"annotations":{"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false}},{
"name":"select_tools","title":"Select tools for a request",
"description":"Orders tool definitions by how well they serve a request, so that only the best need be offered to a model.",
"inputSchema":{"type":"object","required":["request","tools"],"properties":{
"request":{"type":"string","minLength":1,"description":"What the user asks for."},
"tools":{"type":"array","minItems":1,"items":{"type":"object","required":["name"],"properties":{
"name":{"type":"string"},"description":{"type":"string"},"inputSchema":{"type":"object"}}}},
"top_n":{"type":"integer","minimum":1,"description":"How many to return (default: 5)."}}},
"outputSchema":{"type":"object","required":["tools"],"properties":{"tools":{"type":"array","items":{"type":"object","required":["index","name","relevance_score"],"properties":{
"index":{"type":"integer"},"name":{"type":"string"},"relevance_score":{"type":"number"},
"truncated":{"type":"boolean","description":"The definition is longer than the model reads and was cut."}}}}}},
"annotations":{"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false}}])json";

// A member that is a string.
std::optional<std::string_view> text_at(const json::Value& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string() : std::nullopt;
}

Result<std::string> required_text(const json::Value& arguments, std::string_view name) {
  if (const auto text = text_at(arguments, name)) return std::string(*text);
  return fail(ErrorCode::invalid_argument, fmt::format("{} is missing or no string.", name));
}

Result<std::size_t> read_top_n(const json::Value& arguments, std::size_t usual) {
  const auto value = arguments.find("top_n");
  if (!value || value->is_null()) return usual;
  const auto number = value->as_int();
  if (number && *number >= 1) return static_cast<std::size_t>(*number);
  return fail(ErrorCode::invalid_argument, "top_n is no whole number of 1 or more.");
}

Result<std::vector<json::Value>> required_list(const json::Value& arguments,
                                               std::string_view name) {
  const auto value = arguments.find(name);
  std::vector<json::Value> elements;
  if (value) {
    value->for_each_element([&](json::Value element) { return elements.push_back(element), true; });
  }
  if (!elements.empty()) return elements;
  return fail(ErrorCode::invalid_argument, fmt::format("{} is missing, empty or no array.", name));
}

Result<Job> read_rerank(const json::Value& arguments) {
  Job job;
  PODIUM_TRY(job.query, required_text(arguments, "query"));
  PODIUM_TRY(const auto elements, required_list(arguments, "documents"));
  PODIUM_TRY(job.options.top_n, read_top_n(arguments, 0));
  job.documents.reserve(elements.size());
  for (const json::Value& element : elements) {
    const auto text = element.as_string();
    if (!text) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("documents[{}] is no string.", job.documents.size()));
    }
    job.documents.emplace_back(*text);
  }
  return job;
}

Result<Job> read_select_tools(McpToolCall& call, const json::Value& arguments) {
  constexpr std::size_t kUsual = 5;
  Job job;
  PODIUM_TRY(job.query, required_text(arguments, "request"));
  PODIUM_TRY(const auto tools, required_list(arguments, "tools"));
  PODIUM_TRY(job.options.top_n, read_top_n(arguments, kUsual));
  call.names.reserve(tools.size());
  job.documents.reserve(tools.size());
  for (const json::Value& tool : tools) {
    call.names.emplace_back(documents::tool_name(tool));
    if (call.names.back().empty()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("tools[{}] has no name.", job.documents.size()));
    }
    job.documents.push_back(documents::tool_text(tool));
  }
  return job;
}

}  // namespace

std::optional<McpTool> find_mcp_tool(std::string_view name) {
  if (name == "rerank") return McpTool::rerank;
  if (name == "select_tools") return McpTool::select_tools;
  return std::nullopt;
}

std::string mcp_tool_definitions() {
  std::string line(kDefinitions);
  std::erase(line, '\n');
  return line;
}

Result<Job> read_tool_arguments(McpToolCall& call, const json::Value& arguments) {
  return call.tool == McpTool::rerank ? read_rerank(arguments) : read_select_tools(call, arguments);
}

std::string write_tool_result(const McpToolCall& call, const Job& job, const Ranking& ranking) {
  const bool documents = call.tool == McpTool::rerank;
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key(documents ? "results" : "tools").begin_array();
  for (const RankedDocument& result : ranking.results) {
    writer.begin_object().key("index").value(std::uint64_t{result.index});
    if (!documents) writer.key("name").value(call.names[result.index]);
    writer.key("relevance_score").value(result.relevance_score);
    if (documents) writer.key("document").value(job.documents[result.index]);
    writer.key("truncated").value(result.truncated).end_object();
  }
  writer.end_array().end_object();
  return out;
}

}  // namespace podium::server
