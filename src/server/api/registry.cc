#include <array>

#include "server/api/dialect.h"

namespace podium::server {

std::span<const Dialect* const> dialects() { return {}; }

Match find_route(HttpRequest&, const json::Value&) { return {}; }

int usual_status(Fault fault) {
  switch (fault) {
    case Fault::not_json:
    case Fault::empty:
    case Fault::too_long:
    case Fault::unsupported: return 400;
    case Fault::schema: return 422;
    case Fault::unauthorized: return 401;
    case Fault::forbidden: return 403;
    case Fault::unknown_model:
    case Fault::not_found: return 404;
    case Fault::method: return 405;
    case Fault::too_large: return 413;
    case Fault::rate_limited: return 429;
    case Fault::overloaded:
    case Fault::unavailable: return 503;
    case Fault::timed_out: return 504;
    case Fault::internal: return 500;
  }
  return 500;
}

std::string sentence(const Error& error) {
  return error.hint.empty() ? error.message : error.message + ". " + error.hint;
}

HttpResponse render(const Dialect& dialect, const Answer& answer) { return dialect.answer(answer); }

HttpResponse render(const Dialect* dialect, const Refusal& refusal) {
  if (dialect != nullptr) return dialect->refuse(refusal);
  const std::string text = sentence(refusal.error);
  HttpResponse response{.status = usual_status(refusal.fault)};
  json::Writer(response.body)
      .begin_object()
      .key("detail")
      .value(text)
      .key("message")
      .value(text)
      .key("error")
      .begin_object()
      .key("message")
      .value(text)
      .key("type")
      .value("invalid_request_error")
      .key("param")
      .null()
      .key("code")
      .null()
      .end_object()
      .key("request_id")
      .value(refusal.request_id)
      .end_object();
  return response;
}

}  // namespace podium::server
