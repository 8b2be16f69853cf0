// A dialect: one rerank API on the wire. It turns a request body into jobs that say nothing of the
// API, and their rankings into the response that the API's clients read. Pure functions: no
// network, no engine, no state; every dialect is one file and one line in registry.cc.
//
//   HttpRequest ─► find_route ─► parse ─► Call (jobs) ─► the service ranks ─► answer ─►
//   HttpResponse
//                                  └───────── Refusal ────────────────────────► refuse ─►
//                                  HttpResponse
//
// A route with a page is answered from the models' facts (lists, tokens, vectors) instead.
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
#include "server/api/fault.h"
#include "server/http/message.h"

namespace podium::server {

// How the operator wants answers to look.
struct Settings {
  bool strict_jina = false;  // /v1/rerank to the byte: string documents are echoed as strings
  std::string_view cors_origin = {};  // whose pages may call; "*" is all
};

// One query against its documents.
struct Job {
  std::string query;
  std::vector<std::string> documents;  // the texts that are scored, in the order sent
  RankOptions options;                 // top_n, score kind, windows as the request has them
  bool truncate = true;  // false: a pair beyond the model's length is Fault::too_long, as asked for
};

// What a dialect remembers of a request for its answer: what to echo, which shape was asked for.
struct CallState {
  virtual ~CallState() = default;
};

// A request, read. It owns all it needs: the request and its JSON may go.
struct Call {
  std::string model;                                 // as asked for; empty: the default
  std::vector<Job> jobs;                             // none: answered without ranking
  std::int64_t priority = 0;                         // 0 is the most urgent (Cohere)
  std::optional<std::chrono::milliseconds> timeout;  // from the body; headers are the service's
  // Podium's own members, the same in every dialect: "threshold", "effort", "return_passages", and
  // those of windows, which are in the jobs' options.
  std::optional<double> threshold;  // results below it are left out (by the service)
  Effort effort = Effort::automatic;
  std::size_t passages = 0;  // best passages wanted for each result
  std::unique_ptr<CallState> state;
};

// What the service hands back: one ranking a job, in their order.
struct Answer {
  const Call& call;
  std::span<const Job> jobs;  // of the call
  std::span<const Ranking> rankings;
  const ModelInfo& model;       // the one that ranked
  std::string_view model_name;  // how the response names it: as asked for, or the served name
  std::string_view request_id;  // 32 hexadecimal digits
  std::int64_t created = 0;     // seconds since 1970
  double queue_ms = 0;          // waiting for the compute threads
  double total_ms = 0;          // since the request was read
};

// A model as pages see it. Thread-safe.
class ServedModel {
 public:
  virtual ~ServedModel() = default;
  virtual std::string_view name() const = 0;  // as served, e.g. the name of --model name=DIR
  virtual std::int64_t created() const = 0;   // when it was loaded, seconds since 1970
  virtual const ModelInfo& info() const = 0;
  virtual Result<std::vector<TokenSpan>> tokenize(std::string_view text) const = 0;
  virtual Result<std::vector<float>> embed(std::span<const std::string_view> texts,
                                           bool query) const = 0;
};

class Models {
 public:
  virtual ~Models() = default;
  // The model of that name or alias; empty or unknown: the default. Null if none is loaded, or if
  // the name is unknown and names are strict.
  virtual std::shared_ptr<const ServedModel> find(std::string_view name) const = 0;
  virtual std::vector<std::shared_ptr<const ServedModel>> list() const = 0;  // the default first
};

// What parse() or a page returns in place of its result.
struct BadRequest {
  Fault fault = Fault::schema;
  Error error;        // the sentence, and the hint that says what to do
  std::string field;  // the body's member at fault, e.g. "documents"; may be empty
};
template <class T>
using Parsed = tl::expected<T, BadRequest>;

using Page = Parsed<HttpResponse> (*)(const HttpRequest& request, const json::Value& body,
                                      const Models& models);

// A path of a dialect without a forcing prefix. A '*' stands for one or more characters:
// "/v2/models/*/infer". Schemas are JSON Schema text for OpenAPI 3.1; empty: no body.
struct Route {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  std::string_view request_schema;
  std::string_view response_schema;
  Page page = nullptr;  // null: the route ranks
};

struct Dialect {
  std::string_view name;          // "jina"; also the prefix that forces it: /jina/v1/rerank
  std::string_view title;         // for people: "Jina Reranker API"
  std::span<const Route> routes;  // the first that matches serves
  // Whether a request to one of its ranking routes is of this dialect. The registry asks in its
  // order, and the last dialect of a path takes what is left.
  bool (*claims)(const HttpRequest& request, const json::Value& body);
  Parsed<Call> (*parse)(const HttpRequest& request, const json::Value& body,
                        const Settings& settings);
  HttpResponse (*answer)(const Answer& answer);
  HttpResponse (*refuse)(const Refusal& refusal);
};

// All dialects, in the order in which they are asked.
std::span<const Dialect* const> dialects();

struct Match {
  const Dialect* dialect = nullptr;  // null: no dialect has that path
  const Route* route = nullptr;      // null: the path is known, but not with that method
  std::string allow;                 // without a route: the path's methods, for the Allow header
};

// The dialect and route of a request: of the dialect that a prefix forces (the prefix is cut off
// request.path), else the first page, else the first dialect that claims it. `body` is null JSON
// where the body is no JSON; claims then go by path and headers.
Match find_route(HttpRequest& request, const json::Value& body);

// The answer with what every dialect adds: the header X-Podium-Truncated, the number of documents
// that were cut, if any was.
HttpResponse render(const Dialect& dialect, const Answer& answer);

// The refusal in the dialect's shape; in the one that most clients read where it is null.
HttpResponse render(const Dialect* dialect, const Refusal& refusal);

}  // namespace podium::server
