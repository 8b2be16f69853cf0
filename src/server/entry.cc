#include "server/entry.h"

#include "base/error.h"
#include "server/server.h"

namespace podium::server {

namespace {

bool matches(std::string_view pattern, std::string_view path, std::string& segment) {
  if (!pattern.ends_with('*')) return pattern == path;
  pattern.remove_suffix(1);
  if (!path.starts_with(pattern) || path.size() == pattern.size()) return false;
  segment = path.substr(pattern.size());
  return true;
}

// "/endpoints/NAME/invocations", where SageMaker's own clients send to.
bool is_sagemaker(std::string_view path) {
  constexpr std::string_view kHead = "/endpoints/";
  constexpr std::string_view kTail = "/invocations";
  return path.size() > kHead.size() + kTail.size() && path.starts_with(kHead) &&
         path.ends_with(kTail);
}

Error unknown_method(const HttpRequest& request, std::string_view allow) {
  return {ErrorCode::invalid_argument,
          fmt::format("{} is not for {}", request.path, request.method),
          fmt::format("It takes {}.", allow)};
}

}  // namespace

Denial unknown_path(const HttpRequest& request) {
  return {Fault::not_found,
          {ErrorCode::not_found, fmt::format("there is nothing at {}", request.path),
           "/v1/rerank ranks documents; /docs lists every path."}};
}

const json::Value& null_json() {
  static const json::Document document = *json::Document::parse("null", "null");
  static const json::Value value = document.root();
  return value;
}

Denial gate_denial(GateRefusal refusal) {
  Fault fault = Fault::unauthorized;
  if (refusal.status == 403) fault = Fault::forbidden;
  if (refusal.status == 429) fault = Fault::rate_limited;
  return {.fault = fault,
          .error = std::move(refusal.error),
          .headers = std::move(refusal.headers),
          .status = refusal.status};
}

Target find_target(const ServerOptions& options, HttpRequest& request, const json::Value& body) {
  if (!options.health_route.empty() && request.path == options.health_route) {
    request.path = "/health";
  }
  if (!options.predict_route.empty() && request.path == options.predict_route) {
    request.path = "/vertex";
  }
  if (is_sagemaker(request.path)) request.path = "/invocations";
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  Target target;
  for (const Endpoint& endpoint : endpoints()) {
    std::string segment;
    if (!matches(endpoint.path, request.path, segment)) continue;
    if (endpoint.method == method) {
      target.endpoint = &endpoint;
      target.segment = std::move(segment);
      return target;
    }
    target.allow.append(target.allow.empty() ? "" : ", ").append(endpoint.method);
  }
  target.match = find_route(request, body);
  if (target.match.route != nullptr) target.allow.clear();
  if (!target.match.allow.empty()) {
    target.allow.append(target.allow.empty() ? "" : ", ").append(target.match.allow);
  }
  return target;
}

std::optional<Denial> enter(Server& server, const HttpRequest& head, Entry& entry) {
  HttpRequest bare;  // without the body: looking for the target cuts off a prefix
  bare.method = head.method;
  bare.path = head.path;
  bare.headers = head.headers;
  Target& target = entry.target;
  target = find_target(server.options(), bare, null_json());
  const bool served = target.endpoint != nullptr || target.match.route != nullptr;
  if (!served && target.allow.empty()) return unknown_path(head);
  if (!served && head.method == "OPTIONS") return std::nullopt;
  if (!served) {
    return Denial{.fault = Fault::method,
                  .error = unknown_method(head, target.allow),
                  .headers = {{"Allow", target.allow}}};
  }
  const Access access = target.endpoint != nullptr ? target.endpoint->access : Access::user;
  auto identity = server.gate().identify(head, access);
  if (!identity) return gate_denial(std::move(identity).error());
  entry.identity = *std::move(identity);
  return std::nullopt;
}

}  // namespace podium::server
