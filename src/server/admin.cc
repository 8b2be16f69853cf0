// For administrators: loading, swapping and unloading models while requests run; the API keys.
#include <filesystem>

#include "base/json.h"
#include "server/auth/key_json.h"
#include "server/endpoints.h"
#include "server/server.h"

namespace podium::server {

namespace {

// A page of another site cannot send this type without asking first, and is then refused.
bool is_json(const HttpRequest& request) {
  return request.header("Content-Type").starts_with("application/json");
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found: return 404;
    case ErrorCode::internal:
    case ErrorCode::io: return 500;
    default: return 400;
  }
}

HttpResponse refuse(const EndpointCall& call, int status, std::string message, std::string hint) {
  return endpoint_error(status, {ErrorCode::invalid_argument, std::move(message), std::move(hint)},
                        call.request_id);
}

}  // namespace

HttpResponse post_model(const EndpointCall& call) {
  constexpr const char* kHint = "Send {\"name\": \"small\", \"model\": \"DIRECTORY\"}.";
  if (!is_json(call.request)) {
    return refuse(call, 415, "the body is not of type application/json", kHint);
  }
  const auto document = json::Document::parse(call.request.body, "the body");
  if (!document) return endpoint_error(400, document.error(), call.request_id);
  const auto name = document->root().find("name");
  const auto model = document->root().find("model");
  const std::string name_text(name ? name->as_string().value_or("") : "");
  const std::string model_text(model ? model->as_string().value_or("") : "");
  if (name_text.empty() || model_text.empty()) {
    return refuse(call, 422, "name and model are missing or no strings", kHint);
  }
  const auto loaded = call.server.models().load(name_text, model_text);
  if (!loaded)
    return endpoint_error(status_of(loaded.error().code), loaded.error(), call.request_id);
  HttpResponse response{.status = 201};
  json::Writer(response.body)
      .begin_object()
      .key("name")
      .value((*loaded)->name())
      .key("model")
      .value((*loaded)->info().name)
      .key("architecture")
      .value((*loaded)->info().architecture)
      .end_object();
  return response;
}

HttpResponse delete_model(const EndpointCall& call) {
  const auto unloaded = call.server.models().unload(call.segment);
  if (!unloaded) {
    const bool is_last = unloaded.error().code == ErrorCode::unsupported;
    return endpoint_error(is_last ? 409 : status_of(unloaded.error().code), unloaded.error(),
                          call.request_id);
  }
  return {.status = 204};
}

HttpResponse get_keys(const EndpointCall& call) {
  const std::string& named = call.server.options().keys;
  const std::string file = named.empty() ? KeyStore::default_path() : named;
  std::error_code ignored;
  std::vector<Key> keys;
  if (std::filesystem::exists(file, ignored)) {  // opening would make it
    auto store = KeyStore::open(file);
    auto read = store ? store->keys() : tl::unexpected(store.error());
    if (!read) return endpoint_error(500, read.error(), call.request_id);
    keys = *std::move(read);
  }
  HttpResponse response;
  json::Writer out(response.body);
  write_keys(out, keys);
  return response;
}

}  // namespace podium::server
