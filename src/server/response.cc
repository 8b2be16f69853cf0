#include "server/response.h"

namespace podium::server {

namespace {

constexpr std::size_t kLongestMessage = 1000;  // bytes: a message may quote what a client sent

void add_default(HttpResponse& response, std::string_view name, std::string_view value) {
  for (const auto& [given, ignored] : response.headers) {
    if (same_name(given, name)) return;
  }
  response.headers.emplace_back(name, value);
}

void add_cors(const ServerOptions& options, HttpResponse& response) {
  if (options.cors_origin.empty()) return;
  add_default(response, "Access-Control-Allow-Origin", options.cors_origin);
  add_default(response, "Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  add_default(response, "Access-Control-Allow-Headers",
              "Authorization, Content-Type, Api-Key, X-Api-Key, X-Request-Timeout, traceparent, "
              "MCP-Protocol-Version, Mcp-Method, Mcp-Name");
  add_default(response, "Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
  add_default(response, "Access-Control-Max-Age", "600");
}

}  // namespace

void add_headers(const ServerOptions& options, std::string_view request_id,
                 const TraceContext& trace, HttpResponse& response) {
  add_default(response, "X-Request-Id", request_id);
  add_default(response, "traceparent", trace.header());
  add_default(response, "X-Content-Type-Options", "nosniff");
  add_default(response, "Cache-Control", "no-store");
  add_default(response, "Referrer-Policy", "no-referrer");
  add_default(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (response.status == 429 || response.status == 503) add_default(response, "Retry-After", "1");
  add_cors(options, response);
}

HttpResponse render_denial(const ServerOptions& options, const Dialect* dialect,
                           std::string_view request_id, Denial denial) {
  if (denial.error.message.size() > kLongestMessage) {
    denial.error.message.resize(kLongestMessage);
    denial.error.message += "…";
  }
  HttpResponse response = render(dialect, Refusal{.fault = denial.fault,
                                                  .error = std::move(denial.error),
                                                  .request_id = request_id,
                                                  .field = std::move(denial.field),
                                                  .strict_jina = options.strict_jina,
                                                  .state = denial.state});
  if (denial.status != 0) response.status = denial.status;
  for (Header& header : denial.headers) response.headers.push_back(std::move(header));
  return response;
}

}  // namespace podium::server
