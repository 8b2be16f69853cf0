// Mixedbread's API, POST /v1/reranking with "input".
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

constexpr std::int64_t kDefaultTop = 10;

bool claims(const HttpRequest&, const json::Value& body) { return body.find("input").has_value(); }

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.query();
  DocumentRules rules{.key = "input", .missing = DocumentRules::Missing::render_all};
  if (auto fields = in.texts("rank_fields"); !fields.empty()) rules.fields = std::move(fields);
  Documents documents = in.documents(rules);
  job.documents = std::move(documents.texts);
  auto state = std::make_unique<RerankState>();
  state->asked_top = in.integer("top_k", 1).value_or(kDefaultTop);
  job.options.top_n = static_cast<std::size_t>(state->asked_top);
  state->return_documents = in.flag("return_input").value_or(false);
  state->originals = std::move(documents.originals);
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  const RerankState& state = rerank_state(answer);
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("usage").begin_object();
  out.key("prompt_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)}).end_object();
  out.key("model").value(answer.model_name).key("data").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("score").value(result.relevance_score).key("input");
    if (!state.return_documents) {
      out.null();
    } else if (!state.originals[result.index].empty()) {
      out.raw(state.originals[result.index]);
    } else {
      out.value(answer.jobs[0].documents[result.index]);
    }
    write_passages(out, answer, result);
    out.key("object").value("rank_result").end_object();
  }
  out.end_array().key("object").value("list").key("top_k").value(state.asked_top);
  out.key("return_input").value(state.return_documents).end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  return merged_refusal(refusal, refusal.fault == Fault::empty ? 422 : usual_status(refusal.fault));
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["query","input"],"properties":{"model":"@Model","query":"@Query","input":"@Objects",)"
    R"("rank_fields":"@Fields","top_k":"@Count","return_input":"@Off"}})";

constexpr Route kRoutes[] = {
    {"POST", "/v1/reranking", "Rank inputs, best first", kRequest, schema::kDataResponse}};

}  // namespace

const Dialect kMixedbread{"mixedbread", "Mixedbread reranking", kRoutes, claims, parse, answer,
                          refuse};

}  // namespace podium::server
