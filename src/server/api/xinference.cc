// Xinference's /v1/rerank, known by the members that its client always sends: kwargs, return_len.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest&, const json::Value& body) {
  return body.find("kwargs") || body.find("return_len");
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.required_text("query");
  Documents documents = in.documents({});
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top("top_n");
  auto state = std::make_unique<RerankState>();
  state->return_documents = in.flag("return_documents").value_or(false);
  state->shape = in.flag("return_len").value_or(false) ? 1 : 0;
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  const RerankState& state = rerank_state(answer);
  out.begin_object().key("id").value(uuid(answer.request_id)).key("results").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("relevance_score").value(result.relevance_score).key("document");
    state.return_documents ? write_document_object(out, answer, result.index)
                           : static_cast<void>(out.null());
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array().key("meta").begin_object().key("api_version").null();
  out.key("billed_units").null().key("tokens");
  if (state.shape == 1) {
    out.begin_object().key("input_tokens").value(std::uint64_t{total_tokens(answer)});
    out.key("output_tokens").value(std::uint64_t{total_tokens(answer)}).end_object();
  } else {
    out.null();
  }
  out.key("warnings").null().end_object().end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  return merged_refusal(refusal, status_without_422(refusal.fault));
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Documents","top_n":"@Count","return_documents":"@Off","return_len":"@Off"}})";

constexpr Route kRoutes[] = {
    {"POST", "/v1/rerank", "Rank documents, best first", kRequest, schema::kCohereResponse}};

}  // namespace

const Dialect kXinference{"xinference", "Xinference rerank", kRoutes, claims, parse, answer,
                          refuse};

}  // namespace podium::server
