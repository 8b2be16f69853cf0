#include "cli/mcp_session.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/json.h"
#include "podium/podium.h"

namespace podium::cli {

namespace {

constexpr std::array<std::string_view, 4> kVersions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                       "2024-11-05"};

// JSON-RPC's numbers for what is wrong with a message.
constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;

constexpr std::string_view kTools = R"json({"tools":[{
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
"index":{"type":"integer"},"name":{"type":"string"},"relevance_score":{"type":"number"}}}}}},
"annotations":{"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false}}]})json";

constexpr std::string_view kInstructions =
    "rerank orders documents by relevance to a query; select_tools orders tool definitions by how "
    "well they serve a request. Scores compare within one call.";

// A member that is a string.
std::optional<std::string_view> text_at(const json::Value& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string() : std::nullopt;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::erase(line, '\n');
  return line;
}

// The message around a result or an error. `id` is JSON text.
std::string envelope(std::string_view id, std::string_view member, std::string_view json) {
  std::string out;
  json::Writer(out).begin_object().key("jsonrpc").value("2.0").key("id").raw(id).key(member).raw(
      json);
  return out + "}";
}

std::string error(std::string_view id, int code, std::string_view message) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("code")
      .value(code)
      .key("message")
      .value(message)
      .end_object();
  return envelope(id, "error", out);
}

std::string initialize(const json::Value& params) {
  const std::string_view version = text_at(params, "protocolVersion").value_or("");
  const bool known = std::ranges::find(kVersions, version) != kVersions.end();
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("protocolVersion").value(known ? version : kVersions.front());
  writer.key("capabilities").raw(R"({"tools":{"listChanged":false}})");
  writer.key("serverInfo").begin_object().key("name").value("podium").key("title").value("Podium");
  writer.key("version").value(PODIUM_VERSION).end_object();
  writer.key("instructions").value(kInstructions).end_object();
  return out;
}

// A tool's result: the structure, and the same as text for clients that know no structure.
std::string tool_result(std::string_view structure) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("content").begin_array().begin_object().key("type").value("text");
  writer.key("text").value(structure).end_object().end_array();
  writer.key("structuredContent").raw(structure).key("isError").value(false).end_object();
  return out;
}

// What the model that called can mend; the protocol wants it as a result.
std::string tool_error(const Error& wrong) {
  const std::string text = wrong.hint.empty() ? wrong.message : wrong.message + " " + wrong.hint;
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("content").begin_array().begin_object().key("type").value("text");
  writer.key("text").value(text).end_object().end_array().key("isError").value(true).end_object();
  return out;
}

Result<std::string> required_text(const json::Value& arguments, std::string_view name) {
  if (const auto text = text_at(arguments, name)) return std::string(*text);
  return fail(ErrorCode::invalid_argument, fmt::format("{} is missing or no string.", name));
}

Result<RankOptions> rank_options(const json::Value& arguments, std::size_t top_n) {
  const auto value = arguments.find("top_n");
  if (!value || value->is_null()) return RankOptions{.top_n = top_n};
  const auto number = value->as_int();
  if (number && *number >= 1) return RankOptions{.top_n = static_cast<std::size_t>(*number)};
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

Result<std::string> rerank(const Engine& engine, const json::Value& arguments) {
  PODIUM_TRY(const std::string query, required_text(arguments, "query"));
  PODIUM_TRY(const auto elements, required_list(arguments, "documents"));
  PODIUM_TRY(const RankOptions options, rank_options(arguments, 0));
  std::vector<std::string_view> documents;
  for (const json::Value& element : elements) {
    const auto text = element.as_string();
    if (!text) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("documents[{}] is no string.", documents.size()));
    }
    documents.push_back(*text);
  }
  PODIUM_TRY(const Ranking ranking, engine.rank(query, documents, options));
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("results").begin_array();
  for (const RankedDocument& result : ranking.results) {
    writer.begin_object().key("index").value(std::uint64_t{result.index});
    writer.key("relevance_score").value(result.relevance_score);
    writer.key("document").value(documents[result.index]);
    writer.key("truncated").value(result.truncated).end_object();
  }
  writer.end_array().end_object();
  return out;
}

// A tool as a model would be told of it: name, description, and what it takes.
std::string tool_text(const json::Value& tool, std::string_view name) {
  std::string text(name);
  if (const auto about = text_at(tool, "description")) text.append(": ").append(*about);
  const auto schema = tool.find("inputSchema");
  const auto properties = schema ? schema->find("properties") : std::nullopt;
  if (!properties) return text;
  properties->for_each_member([&](std::string_view key, json::Value property) {
    text.append("\n").append(key);
    if (const auto about = text_at(property, "description")) text.append(": ").append(*about);
    return true;
  });
  return text;
}

Result<std::string> select_tools(const Engine& engine, const json::Value& arguments) {
  constexpr std::size_t kUsual = 5;
  PODIUM_TRY(const std::string request, required_text(arguments, "request"));
  PODIUM_TRY(const auto tools, required_list(arguments, "tools"));
  PODIUM_TRY(const RankOptions options, rank_options(arguments, kUsual));
  std::vector<std::string> names;
  std::vector<std::string> texts;
  for (const json::Value& tool : tools) {
    PODIUM_TRY(names.emplace_back(), required_text(tool, "name"));
    texts.push_back(tool_text(tool, names.back()));
  }
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  PODIUM_TRY(const Ranking ranking, engine.rank(request, documents, options));
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("tools").begin_array();
  for (const RankedDocument& result : ranking.results) {
    writer.begin_object().key("index").value(std::uint64_t{result.index});
    writer.key("name").value(names[result.index]);
    writer.key("relevance_score").value(result.relevance_score).end_object();
  }
  writer.end_array().end_object();
  return out;
}

std::string call_tool(const Engine& engine, std::string_view id, const json::Value& params) {
  const std::string_view tool = text_at(params, "name").value_or("");
  const auto given = params.find("arguments");
  const json::Value arguments = given ? *given : params;
  if (tool != "rerank" && tool != "select_tools") {
    return error(id, kInvalidParams, fmt::format("Unknown tool: {}", tool));
  }
  const auto structure =
      tool == "rerank" ? rerank(engine, arguments) : select_tools(engine, arguments);
  return envelope(id, "result",
                  structure ? tool_result(*structure) : tool_error(structure.error()));
}

}  // namespace

std::string McpSession::answer(std::string_view message) const {
  if (message.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  const auto document = json::Document::parse(message, "the message");
  if (!document) return error("null", kParseError, document.error().message);
  const json::Value root = document->root();
  const auto method = text_at(root, "method");
  const auto id_value = root.find("id");
  const bool has_id = id_value && (id_value->as_string() || id_value->as_int());
  const std::string id = has_id ? id_value->to_text() : "null";
  if (!method) {
    const bool response = root.find("result") || root.find("error");
    return response ? "" : error(id, kInvalidRequest, "This is no JSON-RPC 2.0 request.");
  }
  if (!id_value) return {};  // a notification
  if (!has_id) return error(id, kInvalidRequest, "The id is neither a string nor a whole number.");
  const std::string_view name = *method;
  const auto given = root.find("params");
  const json::Value params = given ? *given : root;
  if (name == "initialize") return envelope(id, "result", initialize(params));
  if (name == "ping") return envelope(id, "result", "{}");
  if (name == "tools/list") return envelope(id, "result", one_line(kTools));
  if (name == "tools/call") return call_tool(engine_, id, params);
  return error(id, kMethodNotFound, fmt::format("There is no method {}.", name));
}

}  // namespace podium::cli
