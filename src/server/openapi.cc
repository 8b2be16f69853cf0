// OpenAPI 3.1, made of the tables that route the requests.
#include <map>
#include <set>

#include "base/json.h"
#include "podium/podium.h"
#include "server/api/schemas.h"
#include "server/endpoints.h"
#include "server/entry.h"
#include "server/server.h"

namespace podium::server {

namespace {

struct Operation {
  std::string_view tag;
  std::string_view summary;
  std::string_view request_schema;
  std::string_view response_schema;
  bool open = false;
  bool text = false;  // an answer that is no JSON
};

using Methods = std::map<std::string, Operation>;

// "/v2/models/*/infer" as "/v2/models/{name}/infer".
std::string path_of(std::string_view pattern) {
  std::string path(pattern);
  if (const auto star = path.find('*'); star != std::string::npos) path.replace(star, 1, "{name}");
  return path;
}

// A schema with "@Query" spelled out as a reference to the component of that name.
std::string spelled_out(std::string_view schema) {
  constexpr std::string_view kMark = "\"@";
  std::string out;
  while (true) {
    const std::size_t mark = schema.find(kMark);
    out += schema.substr(0, mark);
    if (mark == std::string_view::npos) return out;
    schema.remove_prefix(mark + kMark.size());
    const std::size_t end = schema.find('"');
    out += fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", schema.substr(0, end));
    schema.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view method) {
  std::string text(method);
  for (char& c : text) c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// What a dialect says to a request without anything of its own: of those that share a path, the
// first that takes both bodies is the general one.
bool claims_any(const Dialect& dialect, const HttpRequest& request) {
  static const json::Document plain =
      *json::Document::parse(R"({"query":"","documents":[]})", "plain");
  return dialect.claims(request, null_json()) && dialect.claims(request, plain.root());
}

// One operation a path and method, of the most general dialect that has it. Every dialect is also
// at its own prefix.
std::map<std::string, Methods> operations() {
  std::map<std::string, Methods> paths;
  std::set<std::string> general;
  for (const Dialect* dialect : dialects()) {
    for (const Route& route : dialect->routes) {
      const Operation operation{dialect->title, route.summary, route.request_schema,
                                route.response_schema};
      const HttpRequest request{.method = "POST", .path = std::string(route.path)};
      const std::string path = path_of(route.path);
      bool is_hidden = false;
      if (route.page == nullptr && claims_any(*dialect, request)) {
        if (general.insert(path).second) paths[path][lower(route.method)] = operation;
      } else if (route.page != nullptr || dialect->claims(request, null_json())) {
        is_hidden = !paths[path].try_emplace(lower(route.method), operation).second;
      }
      const bool is_named =
          path.size() == dialect->name.size() + 1 && path.ends_with(dialect->name);
      if ((route.page == nullptr || is_hidden) && path != "/" && !is_named) {
        paths[fmt::format("/{}{}", dialect->name, path)][lower(route.method)] = operation;
      }
    }
  }
  for (const Endpoint& endpoint : endpoints()) {
    if (endpoint.summary.empty()) continue;
    paths[path_of(endpoint.path)][lower(endpoint.method)] = {
        .tag = "Server",
        .summary = endpoint.summary,
        .request_schema = endpoint.request_schema,
        .open = endpoint.access == Access::open,
        .text = endpoint.path == "/metrics" || endpoint.path == "/ping"};
  }
  return paths;
}

void write_responses(json::Writer& out, const Operation& operation) {
  out.key("responses").begin_object();
  out.key("200").begin_object().key("description").value("The answer");
  if (!operation.text) {
    out.key("content").begin_object().key("application/json").begin_object().key("schema");
    out.raw(operation.response_schema.empty() ? "{}" : spelled_out(operation.response_schema));
    out.end_object().end_object();
  }
  out.end_object();
  out.key("default").begin_object().key("description");
  out.value("Why there is none, in the shape of the API").end_object().end_object();
}

void write_operation(json::Writer& out, const std::string& path, const Operation& operation) {
  out.begin_object().key("tags").begin_array().value(operation.tag).end_array();
  out.key("summary").value(operation.summary);
  if (path.find("{name}") != std::string::npos) {
    out.key("parameters").begin_array().begin_object().key("name").value("name");
    out.key("in").value("path").key("required").value(true).key("schema").begin_object();
    out.key("type")
        .value("string")
        .key("pattern")
        .value("^[^\\u0000-\\u001f\\u007f]+$")
        .end_object();
    out.end_object().end_array();
  }
  if (!operation.request_schema.empty()) {
    out.key("requestBody").begin_object().key("required").value(true).key("content");
    out.begin_object().key("application/json").begin_object().key("schema");
    out.raw(spelled_out(operation.request_schema)).end_object().end_object().end_object();
  }
  write_responses(out, operation);
  if (operation.open) out.key("security").begin_array().end_array();
  out.end_object();
}

std::string write_document() {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("openapi").value("3.1.0").key("info").begin_object();
  out.key("title").value("Podium").key("version").value(PODIUM_VERSION);
  out.key("description").value("Reranking for the clients of many APIs on one port.");
  out.key("license").begin_object().key("name").value("Apache-2.0").end_object().end_object();
  out.key("security").begin_array();
  for (const auto* scheme : {"bearer", "key"}) {
    out.begin_object().key(scheme).begin_array().end_array().end_object();
  }
  out.end_array().key("components").begin_object().key("securitySchemes").begin_object();
  out.key("bearer").begin_object().key("type").value("http").key("scheme").value("bearer");
  out.end_object().key("key").begin_object().key("type").value("apiKey").key("in").value("header");
  out.key("name").value("X-Api-Key").end_object().end_object();
  out.key("schemas").raw(spelled_out(schema::kComponents)).end_object();
  out.key("paths").begin_object();
  for (const auto& [path, methods] : operations()) {
    out.key(path).begin_object();
    for (const auto& [method, operation] : methods) {
      out.key(method);
      write_operation(out, path, operation);
    }
    out.end_object();
  }
  out.end_object().end_object();
  return text;
}

}  // namespace

HttpResponse get_openapi(const EndpointCall&) {
  static const std::string document = write_document();  // the tables never change
  return {.body = document};
}

}  // namespace podium::server
