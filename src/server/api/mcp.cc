// The Model Context Protocol by streamable HTTP, POST /mcp: a message, or several in an array, is
// answered at once as JSON. There are no sessions and nothing that the server would say of its own
// accord, so GET and DELETE are refused, as the protocol allows.
#include "server/api/dialect_list.h"
#include "server/api/mcp_messages.h"
#include "server/api/schemas.h"

namespace podium::server {

namespace {

struct McpState : CallState {
  McpTurn turn;
};

bool claims(const HttpRequest&, const json::Value&) { return true; }

// A page of a foreign site may not call, even if its name resolves to this machine.
bool may_call(std::string_view origin, const Settings& settings) {
  if (origin.empty() || settings.cors_origin == "*" || origin == settings.cors_origin) return true;
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view host = origin.substr(scheme + 3);
  const std::string_view name =
      host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings& settings) {
  const std::string_view origin = request.header("Origin");
  if (!may_call(origin, settings)) {
    return tl::unexpected(BadRequest{
        Fault::forbidden,
        {ErrorCode::invalid_argument, fmt::format("pages of {} may not call this server", origin),
         "Allow them with --cors-origin."},
        {}});
  }
  const McpHeaders headers{request.header("MCP-Protocol-Version"), request.header("Mcp-Method"),
                           request.header("Mcp-Name")};
  auto state = std::make_unique<McpState>();
  state->turn = read_mcp(body, &headers);
  Call call;
  call.jobs = std::move(state->turn.jobs);
  call.state = std::move(state);
  return call;
}

HttpResponse answer(const Answer& answer) {
  const McpTurn& turn = static_cast<const McpState&>(*answer.call.state).turn;
  if (turn.replies.empty()) return {.status = 202};
  return {.status = turn.status, .body = write_mcp(turn, answer.jobs, answer.rankings)};
}

HttpResponse refuse(const Refusal& refusal) {
  if (refusal.state != nullptr) {
    const McpTurn& turn = static_cast<const McpState&>(*refusal.state).turn;
    return {.body = write_mcp_failure(turn, refusal.error)};
  }
  const int status = status_without_422(refusal.fault);
  const McpFault fault = refusal.fault == Fault::not_json ? McpFault::not_json
                         : status < 500                   ? McpFault::invalid_request
                                                          : McpFault::internal;
  return {.status = status, .body = write_mcp_fault(fault, sentence(refusal.error))};
}

constexpr std::string_view kMessage =
    R"({"type":"object","required":["jsonrpc","method"],"properties":{"jsonrpc":{"const":"2.0"},)"
    R"("id":{"type":["string","integer"]},"method":{"type":"string"},"params":{"type":"object"}},)"
    R"("examples":[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]})";

constexpr Route kRoutes[] = {{"POST", "/mcp",
                              "Tools for agents: rerank and select_tools (JSON-RPC)", kMessage,
                              schema::kAny}};

}  // namespace

const Dialect kMcp{"mcp", "Model Context Protocol", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
