#include <algorithm>
#include <array>

#include "server/api/dialect_list.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

// One line per dialect, in the order in which they are asked: the ones that a member or a header
// tells apart first, then the one that takes what is left of its path.
constexpr std::array kDialects = {
    &kVertex,      // "instances"
    &kTei,         // "texts"
    &kBedrock,     // "queries" and "sources" at /rerank
    &kMixedbread,  // "input" at /v1/reranking
    &kSageMaker,   // "data" at /invocations
    &kPinecone,    // Api-Key or "parameters" at /rerank
    &kAzure,       // "query" at /score
    &kVllmScore,   // pairs
    &kXinference,  // "kwargs" at /v1/rerank
    &kVoyage,      // "top_k", or its header, at /v1/rerank
    &kCohereV1,    // its headers, or "rank_fields", at /v1/rerank
    &kCohereV2,    // /v2/rerank
    &kJina,        // /v1/rerank
    &kVllmRerank,  // /rerank, /invocations
    &kLlamaCpp,    // /reranking
    &kLocalAi,     // behind /localai
    &kDiscovery,   // /v1/projects/…:rank
    &kKserve,      // /v2
    &kOpenAi,      // /v1/models, /v1/embeddings
    &kInfinity,    // behind /infinity
    &kMcp,         // /mcp
};

bool matches(std::string_view pattern, std::string_view path) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == path;
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  return path.size() > head.size() + tail.size() && path.starts_with(head) && path.ends_with(tail);
}

bool same_method(const HttpRequest& request, const Route& route) {
  return request.method == route.method || (request.method == "HEAD" && route.method == "GET");
}

// The part of /NAME/… that a dialect's name forces; "" if none does.
std::string_view forced_name(std::string_view path) {
  for (const Dialect* dialect : kDialects) {
    const std::size_t size = dialect->name.size();
    if (path.size() > size + 1 && path[0] == '/' && path.substr(1).starts_with(dialect->name) &&
        path[size + 1] == '/') {
      return dialect->name;
    }
  }
  return {};
}

void allow(Match& match, std::string_view method) {
  if (match.allow.find(method) != std::string::npos) return;
  if (!match.allow.empty()) match.allow += ", ";
  match.allow += method;
}

// Asks one dialect; true if its route is taken. A path is of the first pattern that matches it:
// GET /v2/models/x/infer is not about a model named x/infer.
bool ask(const Dialect& dialect, const HttpRequest& request, const json::Value& body, bool forced,
         Match& match) {
  std::string_view pattern;
  for (const Route& route : dialect.routes) {
    if (pattern.empty() ? !matches(route.path, request.path) : route.path != pattern) continue;
    pattern = route.path;
    allow(match, route.method);
    const bool claimed = route.page != nullptr || forced || dialect.claims(request, body);
    if (match.dialect == nullptr && claimed) match.dialect = &dialect;
    if (!same_method(request, route) || !claimed) continue;
    match.dialect = &dialect;
    match.route = &route;
    return true;
  }
  return false;
}

}  // namespace

std::span<const Dialect* const> dialects() { return kDialects; }

Match find_route(HttpRequest& request, const json::Value& body) {
  Match match;
  if (const std::string_view name = forced_name(request.path); !name.empty()) {
    request.path.erase(0, name.size() + 1);
    const auto of_name = [&](const Dialect* dialect) { return dialect->name == name; };
    // of two with the name (vLLM's scores and ranks) the one that claims the body goes first
    for (const bool forced : {false, true}) {
      for (const Dialect* dialect : kDialects) {
        if (of_name(dialect) && ask(*dialect, request, body, forced, match)) return match;
      }
    }
  }
  for (const Dialect* dialect : kDialects) {
    if (ask(*dialect, request, body, false, match)) return match;
  }
  if (match.dialect == nullptr && !match.allow.empty()) {
    for (const Dialect* dialect : kDialects) {
      if (ask(*dialect, request, body, true, match)) break;
    }
  }
  return match;
}

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

int status_without_422(Fault fault) { return fault == Fault::schema ? 400 : usual_status(fault); }

std::string sentence(const Error& error) {
  return error.hint.empty() ? error.message : error.message + ". " + error.hint;
}

HttpResponse render(const Dialect& dialect, const Answer& answer) {
  HttpResponse response = dialect.answer(answer);
  std::size_t truncated = 0;
  for (const Ranking& ranking : answer.rankings) {
    truncated += static_cast<std::size_t>(
        std::ranges::count(ranking.results, true, &RankedDocument::truncated));
  }
  if (truncated > 0) {
    response.headers.emplace_back("X-Podium-Truncated", std::to_string(truncated));
  }
  return response;
}

HttpResponse render(const Dialect* dialect, const Refusal& refusal) {
  if (dialect != nullptr) return dialect->refuse(refusal);
  return merged_refusal(refusal, usual_status(refusal.fault));
}

}  // namespace podium::server
