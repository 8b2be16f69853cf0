// A dialect: one rerank API on the wire. It turns a request body into jobs that say nothing of the
// API, and their rankings into the response that the API's clients read. Pure functions: no
// network, no engine, no state; every dialect is one file and one line in registry.cc.
//
//   HttpRequest ─► claims ─► parse ─► Call (jobs) ─► the service ranks ─► answer ─► HttpResponse
//                                └──────────── Error ────────────────► refuse ─► HttpResponse
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "podium/podium.h"
#include "server/http/message.h"

namespace podium::server {

// One query against its documents.
struct Job {
  std::string query;
  std::vector<std::string> documents;  // the texts that are scored, in the order sent
  RankOptions options;                 // top_n, score kind, lengths, effort as the request has them
  bool truncate = true;  // false: a pair beyond the model's length is an error, as asked for
};

// What a dialect remembers of a request for its answer: what to echo, which shape was asked for.
struct CallState {
  virtual ~CallState() = default;
};

struct Call {
  std::string model;                                 // as asked for; empty: the default
  std::vector<Job> jobs;                             // at least one
  std::int64_t priority = 0;                         // 0 is the most urgent (Cohere)
  std::optional<std::chrono::milliseconds> timeout;  // from the body; headers are the service's
  std::unique_ptr<CallState> state;
};

// What the service hands back: one ranking a job, in their order.
struct Answer {
  const Call& call;
  std::span<const Ranking> rankings;
  const ModelInfo& model;       // the one that ranked
  std::string_view model_name;  // how the response names it: as asked for, or the served name
  std::string_view request_id;  // 32 hexadecimal digits
  std::int64_t created = 0;     // seconds since 1970
  double queue_ms = 0;          // waiting for the compute threads
  double total_ms = 0;          // since the request was read
};

// Why a request gets no ranking, with the status that fits most dialects; a dialect whose API has
// another one for the case (TEI's 422 and 424, LocalAI's 422) says so in its refuse().
struct Refusal {
  int status = 400;
  Error error;  // the sentence and the hint
  std::string_view request_id;
  std::string field;  // the body's member at fault, e.g. "documents"; may be empty
  std::optional<double> retry_after_s;  // with 429 and 503
};

// What parse() returns in place of a Call.
struct BadRequest {
  int status = 400;  // 400: cannot be served; 422: not of the API's schema
  Error error;
  std::string field;
};
template <class T>
using Parsed = tl::expected<T, BadRequest>;

struct Dialect {
  std::string_view name;   // "jina"; also the prefix that forces it: /jina/v1/rerank
  std::string_view title;  // for people: "Jina Reranker API"
  // The paths it answers, without a forcing prefix, ends with one '*' for a variable segment:
  // "/v2/models/*/infer".
  std::span<const std::string_view> paths;
  // Whether a POST to one of these paths is of this dialect; the registry asks in its order, and
  // the last one of a path takes what is left. `body` is null JSON where the body is no JSON.
  bool (*claims)(const HttpRequest& request, const json::Value& body);
  Parsed<Call> (*parse)(const HttpRequest& request, const json::Value& body);
  HttpResponse (*answer)(const Answer& answer);
  HttpResponse (*refuse)(const Refusal& refusal);
  // OpenAPI schemas of the request and the response body, as JSON text.
  std::string_view request_schema;
  std::string_view response_schema;
};

// All dialects, in the order in which they are asked.
std::span<const Dialect* const> dialects();

// The dialect of a request: the one a prefix forces (the prefix is cut off request.path), else the
// first that claims it; null if no dialect has that path.
const Dialect* find_dialect(HttpRequest& request, const json::Value& body);

}  // namespace podium::server
