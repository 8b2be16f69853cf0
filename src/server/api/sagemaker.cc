// Jina's containers on Amazon SageMaker: POST /invocations with "data". Bodies of other APIs at
// this path are answered by those.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest&, const json::Value& body) {
  const auto data = body.find("data");
  return data && (data->is_object() || data->is_array());
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader outer(request, body);
  auto data = outer.find("data");
  if (data && data->is_array()) {  // the multimodal model's client sends a list of one
    std::optional<json::Value> first;
    data->for_each_element([&](const json::Value& element) {
      first = element;
      return false;
    });
    if (data->size() != 1) {
      outer.fail(Fault::schema, "data holds more than one request, or none",
                 "Send one request at a time.", "data");
    }
    data = first;
  }
  if (!data) outer.fail(Fault::schema, "data is missing", "It holds query and documents.", "data");
  if (!data || outer.failed()) return outer.finish({});
  Reader in(request, *data);
  Job job;
  job.query = in.query();
  Documents documents = in.documents({});
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top("top_n");
  return in.finish(single_call(in.text("model"), std::move(job), std::make_unique<RerankState>()));
}

HttpResponse answer(const Answer& answer) {
  const Ranking& ranking = answer.rankings[0];
  const std::size_t query = ranking.usage.query_tokens;
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("data").begin_array().begin_object();
  out.key("id").value(answer.request_id).key("docs_usage").begin_object();
  out.key("id").value(answer.request_id);
  out.key("total_tokens").value(std::uint64_t{ranking.usage.total_tokens}).end_object();
  out.key("query_usage").begin_object().key("id").value(answer.request_id);
  out.key("total_tokens").value(std::uint64_t{query}).end_object();
  out.key("results").begin_array();
  for (const RankedDocument& result : ranking.results) {
    const std::string id = fmt::format("{}-{}", answer.request_id, result.index);
    out.begin_object().key("id").value(id).key("index").value(std::uint64_t{result.index});
    out.key("document").begin_object().key("id").value(id).key("text");
    out.value(answer.jobs[0].documents[result.index]).end_object();
    out.key("relevance_score").value(rounded(result.relevance_score, 8));
    write_passages(out, answer, result);
    out.key("usage").begin_object().key("id").value(id);
    out.key("total_tokens").value(std::uint64_t{result.tokens}).end_object().end_object();
  }
  out.end_array().end_object().end_array().end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  return merged_refusal(refusal, status_without_422(refusal.fault));
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["data"],"properties":{"data":{"type":"object","required":["query","documents"],)"
    R"("properties":{"query":"@Query","documents":"@Documents","top_n":"@Count"}}}})";
constexpr std::string_view kResponse =
    R"({"type":"object","required":["data"],"properties":{"data":{"type":"array","items":{"type":"object",)"
    R"("required":["results"],"properties":{"results":"@Results"}}}}})";

constexpr Route kRoutes[] = {
    {"POST", "/invocations", "Rank documents, best first", kRequest, kResponse}};

}  // namespace

const Dialect kSageMaker{
    "sagemaker", "Amazon SageMaker (Jina's payload)", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
