// The way in: where a request goes and whether it may, as far as its head tells.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/api/dialect.h"
#include "server/endpoints.h"
#include "server/options.h"

namespace podium::server {

// Which endpoint or dialect a request goes to.
struct Target {
  const Endpoint* endpoint = nullptr;
  std::string segment;
  Match match;
  std::string allow;  // the methods of a path that has not the one asked for
  bool is_known() const { return endpoint != nullptr || match.dialect != nullptr; }
};

// `request` loses the prefix that forces a dialect. `body` as for find_route.
Target find_target(const ServerOptions& options, HttpRequest& request, const json::Value& body);

// Why a request is not answered as asked.
struct Denial {
  Fault fault = Fault::internal;
  Error error;
  std::string field = {};
  std::vector<Header> headers = {};
  int status = 0;                    // other than 0: goes before the fault's own
  const CallState* state = nullptr;  // see Refusal
};

// Where a request goes and who asks, as far as its head tells.
struct Entry {
  Target target;
  Identity identity;
};

// Fills in the entry, or says why not. A request for OPTIONS has a target without route.
std::optional<Denial> enter(Server& server, const HttpRequest& head, Entry& entry);

Denial gate_denial(GateRefusal refusal);

// That nothing is served at the request's path.
Denial unknown_path(const HttpRequest& request);

// JSON that is null, for a request whose body is not read.
const json::Value& null_json();

}  // namespace podium::server
