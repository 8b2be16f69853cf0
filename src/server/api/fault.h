// Why a request gets no ranking. Dialects turn a fault into their API's status and body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "podium/result.h"

namespace podium::server {

enum class Fault {
  not_json,       // the body is not JSON
  schema,         // a member is missing, of the wrong type or out of range
  empty,          // nothing to rank: no documents, no query
  too_long,       // a text is longer than the model takes, and the request forbids cutting
  unsupported,    // well-formed, but not what this model or server does: images, vectors
  unknown_model,  // no model of that name, and names are strict
  unauthorized,   // no key, or a wrong one
  forbidden,      // the key may not do this
  not_found,      // no such path
  method,         // the path is known, but not with this method
  too_large,      // the body is beyond the server's limit
  rate_limited,   // the key is beyond its limit
  overloaded,     // the queue is full
  unavailable,    // loading or draining
  timed_out,      // the deadline passed first
  internal,       // a bug in Podium
};

// The status that fits most APIs: 400, 422 for schema, 404, 429, 503, …
int usual_status(Fault fault);

// The same for APIs that answer 400 where others answer 422.
int status_without_422(Fault fault);

struct CallState;

struct Refusal {
  Fault fault = Fault::internal;
  Error error;  // the sentence, and the hint that says what to do
  std::string_view request_id;
  std::string field;                    // the body's member at fault; may be empty
  std::optional<double> retry_after_s;  // the Retry-After header is the service's
  bool strict_jina = false;             // Settings::strict_jina
  const CallState* state = nullptr;     // of the call, if it was read before it failed
};

// The sentence and the hint as one text.
std::string sentence(const Error& error);

}  // namespace podium::server
