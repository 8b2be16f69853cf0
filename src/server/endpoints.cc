#include "server/endpoints.h"

#include <array>

#include "server/api/dialect.h"

namespace podium::server {

namespace {

using enum Access;
using enum Endpoint::Runs;

constexpr std::string_view kModelRequest =
    R"({"type":"object","required":["name","model"],"properties":{"name":{"type":"string","minLength":1},)"
    R"("model":{"type":"string","minLength":1,"description":"A directory, or the name of a model."}}})";

constexpr std::array kEndpoints = {
    Endpoint{"GET", "/", open, at_once, get_page, ""},
    Endpoint{"GET", "/page/*", open, at_once, get_page_file, ""},
    Endpoint{"GET", "/docs", open, at_once, get_docs, ""},
    Endpoint{"GET", "/openapi.json", open, at_once, get_openapi, ""},
    Endpoint{"GET", "/health", open, at_once, get_health, "Whether the server can rank"},
    Endpoint{"GET", "/live", open, at_once, get_live, "Whether the process runs"},
    Endpoint{"GET", "/ready", open, at_once, get_ready, "Whether to send requests here"},
    Endpoint{"GET", "/ping", open, at_once, get_ping, "The same as /health, without a body"},
    Endpoint{"GET", "/metrics", open, at_once, get_metrics, "Counters for Prometheus"},
    Endpoint{"GET", "/version", user, at_once, get_version, "The server's version"},
    Endpoint{"GET", "/status", admin, at_once, get_status, "Models, queue, latency, errors"},
    Endpoint{"GET", "/admin/keys", admin, on_a_worker, get_keys, "The API keys, without secrets"},
    Endpoint{"POST", "/admin/models", admin, on_a_worker, post_model, "Load or swap a model",
             kModelRequest},
    Endpoint{"DELETE", "/admin/models/*", admin, at_once, delete_model, "Unload a model"},
};

}  // namespace

std::span<const Endpoint> endpoints() { return kEndpoints; }

HttpResponse endpoint_error(int status, const Error& error, std::string_view request_id) {
  HttpResponse response = render(nullptr, {.error = error, .request_id = request_id});
  response.status = status;
  return response;
}

}  // namespace podium::server
