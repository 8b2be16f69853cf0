// LocalAI's /v1/rerank, behind the prefix /localai: documents always come back as objects.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest&, const json::Value&) { return false; }

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.required_text("query");
  Documents documents = in.documents({});
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top("top_n");
  if (in.text("model").empty()) {
    in.fail(Fault::schema, "model is missing", "GET /v1/models lists the models.", "model");
  }
  auto state = std::make_unique<RerankState>();
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("model").value(answer.model_name).key("usage").begin_object();
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("prompt_tokens").value(std::uint64_t{total_tokens(answer)}).end_object().key("results");
  write_results(out, answer, true, 9);
  out.end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  if (refusal.field == "top_n") {  // a bare JSON string, as LocalAI answers
    HttpResponse response{.status = 422};
    json::Writer(response.body).value(sentence(refusal.error));
    return response;
  }
  const int status = status_without_422(refusal.fault);
  return coded_refusal(refusal, status, "");
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["model","query","documents"],"properties":{"model":{"type":"string","minLength":1},)"
    R"("query":"@Query","documents":"@Documents","top_n":"@Count"}})";

constexpr Route kRoutes[] = {
    {"POST", "/v1/rerank", "Rank documents, best first", kRequest, schema::kPlainResponse}};

}  // namespace

const Dialect kLocalAi{"localai", "LocalAI rerank", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
