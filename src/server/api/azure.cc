// Azure Machine Learning's scoring route: a rerank body at /score, where vLLM scores pairs. Azure
// AI Foundry's Cohere paths are Cohere's.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest&, const json::Value& body) {
  return body.find("query") && (body.find("documents") || body.find("texts"));
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings& settings) {
  return (body.find("texts") ? kTei : kJina).parse(request, body, settings);
}

// The state is of the dialect that parsed the body; Jina's remembers each document's spelling.
HttpResponse answer(const Answer& answer) {
  const bool is_jina = !rerank_state(answer).originals.empty();
  return (is_jina ? kJina : kTei).answer(answer);
}

HttpResponse refuse(const Refusal& refusal) { return kJina.refuse(refusal); }

constexpr Route kRoutes[] = {
    {"POST", "/score", "Rank documents, best first", schema::kJinaRequest, schema::kJinaResponse}};

}  // namespace

const Dialect kAzure{"azure", "Azure Machine Learning", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
