// Pinecone's inference API, POST /rerank with Api-Key: documents are objects.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest& request, const json::Value& body) {
  return !request.header("Api-Key").empty() || !request.header("X-Pinecone-API-Version").empty() ||
         body.find("parameters");
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.required_text("query");
  DocumentRules rules;
  if (auto fields = in.texts("rank_fields"); !fields.empty()) rules.fields = std::move(fields);
  Documents documents = in.documents(rules);
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top("top_n");
  if (const auto parameters = in.find("parameters")) {
    const auto truncate = parameters->find("truncate");
    job.truncate = !truncate || truncate->as_string().value_or("END") != "NONE";
  }
  auto state = std::make_unique<RerankState>();
  state->return_documents = in.flag("return_documents").value_or(true);
  state->originals = std::move(documents.originals);
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("model").value(answer.model_name).key("data").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("score").value(result.relevance_score);
    if (rerank_state(answer).return_documents) {
      out.key("document");
      write_document_object(out, answer, result.index);
    }
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array().key("usage").begin_object().key("rerank_units");
  out.value(std::uint64_t{search_units(answer)}).end_object().end_object();
  return response;
}

std::string_view code_of(int status) {
  switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 503: return "UNAVAILABLE";
    default: return "UNKNOWN";
  }
}

HttpResponse refuse(const Refusal& refusal) {
  const int status = status_without_422(refusal.fault);
  HttpResponse response{.status = status};
  json::Writer(response.body)
      .begin_object()
      .key("error")
      .begin_object()
      .key("code")
      .value(code_of(status))
      .key("message")
      .value(sentence(refusal.error))
      .end_object()
      .key("status")
      .value(status)
      .end_object();
  return response;
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Documents","top_n":"@Count","return_documents":"@On"}})";

constexpr Route kRoutes[] = {
    {"POST", "/rerank", "Rank documents, best first", kRequest, schema::kDataResponse}};

}  // namespace

const Dialect kPinecone{"pinecone", "Pinecone rerank", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
