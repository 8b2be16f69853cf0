// Voyage AI's rerank API, POST /v1/rerank with top_k.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

// Its TypeScript client says nothing else of itself.
bool claims(const HttpRequest& request, const json::Value& body) {
  return body.find("top_k").has_value() ||
         same_name(request.header("X-Fern-SDK-Name").substr(0, 6), "voyage");
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.query();
  Documents documents = in.documents({});
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top(in.has("top_k") ? "top_k" : "top_n");
  job.truncate = in.may_cut();
  auto state = std::make_unique<RerankState>();
  state->return_documents = in.flag("return_documents").value_or(false);
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("object").value("list").key("data").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("relevance_score").value(result.relevance_score);
    out.key("index").value(std::uint64_t{result.index});
    if (rerank_state(answer).return_documents) {
      out.key("document").value(answer.jobs[0].documents[result.index]);
    }
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array().key("model").value(answer.model_name).key("usage").begin_object();
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)}).end_object().end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  return merged_refusal(refusal, status_without_422(refusal.fault));
}

constexpr Route kRoutes[] = {{"POST", "/v1/rerank", "Rank documents, best first",
                              schema::kVoyageRequest, schema::kVoyageResponse}};

}  // namespace

const Dialect kVoyage{"voyage", "Voyage AI rerank", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
