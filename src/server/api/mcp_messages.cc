#include "server/api/mcp_messages.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "server/api/fault.h"

namespace podium::server {

namespace {

// The newest with a handshake stands first; the last has none.
constexpr std::array<std::string_view, 5> kVersions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                       "2024-11-05", "2026-07-28"};
constexpr std::string_view kModern = kVersions.back();
constexpr std::string_view kVersionKey = "io.modelcontextprotocol/protocolVersion";

// JSON-RPC's numbers for what is wrong with a message, and the protocol's own.
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kHeaderMismatch = -32020;
constexpr int kUnsupportedVersion = -32022;

constexpr std::string_view kServer =
    R"({"name":"podium","title":"Podium","version":")" PODIUM_VERSION R"("})";
constexpr std::string_view kCapabilities = R"({"tools":{"listChanged":false}})";
constexpr std::string_view kInstructions =
    "rerank orders documents by relevance to a query; select_tools orders tool definitions by how "
    "well they serve a request. Scores compare within one call.";

std::optional<std::string_view> text_at(const json::Value& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string() : std::nullopt;
}

// The message around a result or an error. `id` is JSON text.
std::string envelope(std::string_view id, std::string_view member, std::string_view json) {
  std::string out;
  json::Writer(out).begin_object().key("jsonrpc").value("2.0").key("id").raw(id).key(member).raw(
      json);
  return out + "}";
}

std::string error(std::string_view id, int code, std::string_view message,
                  std::string_view data = {}) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("code").value(code).key("message").value(message);
  if (!data.empty()) writer.key("data").raw(data);
  writer.end_object();
  return envelope(id, "error", out);
}

void write_versions(json::Writer& writer) {
  writer.begin_array();
  for (const std::string_view version : kVersions) writer.value(version);
  writer.end_array();
}

std::string initialize(const json::Value& params) {
  const std::string_view version = text_at(params, "protocolVersion").value_or("");
  const bool known = std::ranges::find(kVersions, version) != kVersions.end() && version != kModern;
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("protocolVersion").value(known ? version : kVersions.front());
  writer.key("capabilities").raw(kCapabilities).key("serverInfo").raw(kServer);
  writer.key("instructions").value(kInstructions).end_object();
  return out;
}

// The end of a result: what versions without handshake want in each.
std::string close_result(json::Writer& writer, std::string& out, bool modern, bool may_keep) {
  constexpr int kKeepMs = 3'600'000;  // until the next release at the earliest
  if (modern) {
    writer.key("resultType").value("complete");
    if (may_keep) writer.key("ttlMs").value(kKeepMs).key("cacheScope").value("public");
    writer.key("_meta").begin_object().key("io.modelcontextprotocol/serverInfo").raw(kServer);
    writer.end_object();
  }
  writer.end_object();
  return std::move(out);
}

std::string discover() {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("supportedVersions");
  write_versions(writer);
  writer.key("capabilities").raw(kCapabilities).key("instructions").value(kInstructions);
  return close_result(writer, out, true, true);
}

std::string list_tools(bool modern) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("tools").raw(mcp_tool_definitions());
  return close_result(writer, out, modern, true);
}

std::string pong(bool modern) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  return close_result(writer, out, modern, false);
}

// A tool's result as text, and as the structure it is of where there is one.
std::string tool_message(const McpReply& reply, std::string_view text, bool is_structure) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("content").begin_array().begin_object().key("type").value("text");
  writer.key("text").value(text).end_object().end_array();
  if (is_structure) writer.key("structuredContent").raw(text);
  writer.key("isError").value(!is_structure);
  return envelope(reply.id, "result", close_result(writer, out, reply.modern, false));
}

std::string call_tool(McpReply& reply, const json::Value& params, std::vector<Job>& jobs) {
  const std::string_view name = text_at(params, "name").value_or("");
  const auto tool = find_mcp_tool(name);
  if (!tool) return error(reply.id, kInvalidParams, fmt::format("Unknown tool: {}", name));
  const auto given = params.find("arguments");
  reply.call.tool = *tool;
  auto job = read_tool_arguments(reply.call, given ? *given : params);
  if (!job) return tool_message(reply, sentence(job.error()), false);
  jobs.push_back(*std::move(job));
  return {};
}

// Why the headers do not fit a message of a version without handshake; nothing if they do.
std::optional<std::string_view> mismatch(const McpHeaders& headers, std::string_view version,
                                         std::string_view method, const json::Value& params) {
  if (headers.version != version) return "MCP-Protocol-Version is not the version in params._meta";
  if (headers.method != method) return "Mcp-Method is not the message's method";
  const auto name = method == "tools/call" ? text_at(params, "name") : std::nullopt;
  const bool coded = headers.name.starts_with("=?base64?");  // no tool here has such a name
  if (name && !coded && headers.name != *name) return "Mcp-Name is not the tool's name";
  return std::nullopt;
}

std::string unsupported(std::string_view id, std::string_view version) {
  std::string data;
  json::Writer writer(data);
  writer.begin_object().key("supported");
  write_versions(writer);
  writer.key("requested").value(version).end_object();
  return error(id, kUnsupportedVersion, "Unsupported protocol version", data);
}

class Reader {
 public:
  explicit Reader(const McpHeaders* headers) : headers_(headers) {}

  void message(const json::Value& root) {
    const auto method = text_at(root, "method");
    const auto id = root.find("id");
    const bool has_id = id && (id->as_string() || id->as_int());
    reply_ = {.id = has_id ? id->to_text() : "null"};
    const bool is_response = root.find("result") || root.find("error");
    if (text_at(root, "jsonrpc") != "2.0" || (!method && !is_response)) {
      return refuse(400, kInvalidRequest, "This is no JSON-RPC 2.0 request.");
    }
    if (id && !has_id) {
      return refuse(400, kInvalidRequest, "The id is neither a string nor a whole number.");
    }
    const auto params = root.find("params");
    if (params && !params->is_object()) {
      return refuse(400, kInvalidRequest, "The params are not an object.");
    }
    understood_ = true;
    if (method && id) request(*method, params ? *params : root);  // else a notification or a reply
  }

  // Whether any message was one.
  bool understood() const { return understood_; }

  McpTurn take() { return std::move(turn_); }

 private:
  void request(std::string_view method, const json::Value& params) {
    const auto meta = params.find("_meta");
    const auto version = meta ? text_at(*meta, kVersionKey) : std::nullopt;
    const std::string_view spoken = version ? *version : headers_ ? headers_->version : "";
    if (!spoken.empty() && std::ranges::find(kVersions, spoken) == kVersions.end()) {
      turn_.status = 400;
      return answer(unsupported(reply_.id, spoken));
    }
    reply_.modern = version == kModern;
    if (reply_.modern && headers_ != nullptr) {
      if (const auto wrong = mismatch(*headers_, *version, method, params)) {
        return refuse(400, kHeaderMismatch, *wrong);
      }
    }
    if (method == "initialize") return result(initialize(params));
    if (method == "server/discover") return result(discover());
    if (method == "ping") return result(pong(reply_.modern));
    if (method == "tools/list") return result(list_tools(reply_.modern));
    if (method == "tools/call") return answer(call_tool(reply_, params, turn_.jobs));
    refuse(reply_.modern ? 404 : 200, kMethodNotFound,
           fmt::format("There is no method {}.", method));
  }

  void refuse(int status, int code, std::string_view why) {
    if (status != 200) turn_.status = status;
    answer(error(reply_.id, code, why));
  }

  void result(std::string_view json) { answer(envelope(reply_.id, "result", json)); }

  void answer(std::string ready) {
    reply_.ready = std::move(ready);
    turn_.replies.push_back(std::move(reply_));
  }

  const McpHeaders* headers_;
  McpReply reply_;
  McpTurn turn_;
  bool understood_ = false;
};

std::string write(const McpTurn& turn, const std::function<std::string(const McpReply&)>& tool) {
  std::string out;
  for (const McpReply& reply : turn.replies) {
    if (!out.empty()) out += ',';
    out += reply.ready.empty() ? tool(reply) : reply.ready;
  }
  return turn.batch && !out.empty() ? "[" + out + "]" : out;
}

}  // namespace

McpTurn read_mcp(const json::Value& body, const McpHeaders* headers) {
  Reader reader(headers);
  const bool batch = body.size() > 0 && body.is_array();
  if (batch) {
    body.for_each_element(
        [&](const json::Value& element) { return reader.message(element), true; });
  } else {
    reader.message(body);
  }
  McpTurn turn = reader.take();
  turn.batch = batch;
  // What is wrong with one of several is in its own answer.
  if (batch && reader.understood()) turn.status = 200;
  return turn;
}

std::string write_mcp(const McpTurn& turn, std::span<const Job> jobs,
                      std::span<const Ranking> rankings) {
  std::size_t next = 0;
  return write(turn, [&](const McpReply& reply) {
    const std::size_t i = next++;
    return tool_message(reply, write_tool_result(reply.call, jobs[i], rankings[i]), true);
  });
}

std::string write_mcp_failure(const McpTurn& turn, const Error& error) {
  return write(turn,
               [&](const McpReply& reply) { return tool_message(reply, sentence(error), false); });
}

std::string write_mcp_fault(McpFault fault, std::string_view message) {
  return error("null", static_cast<int>(fault), message);
}

}  // namespace podium::server
