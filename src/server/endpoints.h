// Every path of the server but the dialects' own (server/api/registry.cc): one line each in
// endpoints.cc. /openapi.json is made of the same table.
#pragma once

#include <span>
#include <string_view>

#include "server/auth/gate.h"
#include "server/http/message.h"

namespace podium::server {

class Server;

// What an endpoint's function sees.
struct EndpointCall {
  Server& server;
  const HttpRequest& request;
  const Identity& identity;
  std::string_view segment;     // what the '*' of the path stands for
  std::string_view request_id;  // 32 hexadecimal digits
};

struct Endpoint {
  std::string_view method;
  std::string_view path;  // may end with one '*' for the rest: "/admin/models/*"
  Access access;
  enum class Runs {
    at_once,     // on the I/O thread: microseconds, no files, no ranking
    on_a_worker  // may take its time
  } runs;
  HttpResponse (*handle)(const EndpointCall& call);
  std::string_view summary;              // for the documentation; empty: a file of the pages
  std::string_view request_schema = {};  // as a Route's
};

std::span<const Endpoint> endpoints();

// The functions, in the files of their subject.
HttpResponse get_page(const EndpointCall& call);
HttpResponse get_page_file(const EndpointCall& call);
HttpResponse get_docs(const EndpointCall& call);
HttpResponse get_openapi(const EndpointCall& call);
HttpResponse get_health(const EndpointCall& call);
HttpResponse get_live(const EndpointCall& call);
HttpResponse get_ready(const EndpointCall& call);
HttpResponse get_ping(const EndpointCall& call);
HttpResponse get_metrics(const EndpointCall& call);
HttpResponse get_status(const EndpointCall& call);
HttpResponse get_version(const EndpointCall& call);
HttpResponse get_keys(const EndpointCall& call);
HttpResponse post_model(const EndpointCall& call);
HttpResponse delete_model(const EndpointCall& call);

// A refusal of an endpoint, in the shape that most clients read.
HttpResponse endpoint_error(int status, const Error& error, std::string_view request_id);

}  // namespace podium::server
