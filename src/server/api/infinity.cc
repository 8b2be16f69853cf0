// Infinity (michaelfeil/infinity), behind the prefix /infinity: its requests are the bytes that
// vLLM's clients send, and the two want the document in different shapes.
#include <ctime>

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
  job.documents = in.documents({.objects = false}).texts;
  job.options.top_n = in.top("top_n");
  if (in.flag("raw_scores").value_or(false)) job.options.score = ScoreKind::logit;
  auto state = std::make_unique<RerankState>();
  state->return_documents = in.flag("return_documents").value_or(false);
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("object").value("rerank").key("results").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("relevance_score").value(result.relevance_score);
    out.key("index").value(std::uint64_t{result.index}).key("document");
    if (rerank_state(answer).return_documents) {
      out.value(answer.jobs[0].documents[result.index]);
    } else {
      out.null();
    }
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array().key("model").value(answer.model_name).key("usage").begin_object();
  out.key("prompt_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)}).end_object();
  out.key("id").value("infinity-" + uuid(answer.request_id));
  out.key("created").value(answer.created).end_object();
  return response;
}

// FastAPI's list for what is not of the schema, OpenAI's object for the rest.
HttpResponse refuse(const Refusal& refusal) {
  const std::string text = sentence(refusal.error);
  HttpResponse response{.status = usual_status(refusal.fault)};
  json::Writer out(response.body);
  if (refusal.fault == Fault::unauthorized) {
    out.begin_object().key("detail").value("Unauthorized").end_object();
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (refusal.fault == Fault::schema || refusal.fault == Fault::empty) {
    response.status = 422;
    out.begin_object().key("detail").begin_array().begin_object().key("type").value("value_error");
    out.key("loc").begin_array().value("body");
    if (!refusal.field.empty()) out.value(refusal.field);
    out.end_array().key("msg").value(text).key("input").null();
    out.end_object().end_array().end_object();
    return response;
  }
  int status = usual_status(refusal.fault);
  if (refusal.fault == Fault::unknown_model) status = 400;
  if (refusal.fault == Fault::overloaded) status = 429;
  response = openai_refusal(refusal, status);
  return response;
}

// Its client wants the statistics of a model, and its own name as the owner.
Parsed<HttpResponse> list_models(const HttpRequest&, const json::Value&, const Models& models) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("data").begin_array();
  for (const auto& model : models.list()) {
    out.begin_object().key("id").value(model->name()).key("stats").begin_object().end_object();
    out.key("object").value("model").key("owned_by").value("infinity");
    out.key("created").value(model->created()).key("backend").value("podium");
    out.key("capabilities").begin_array().value("rerank").end_array().end_object();
  }
  out.end_array().key("object").value("list").end_object();
  return response;
}

Parsed<HttpResponse> health(const HttpRequest&, const json::Value&, const Models&) {
  HttpResponse response;
  json::Writer(response.body)
      .begin_object()
      .key("unix")
      .value(static_cast<double>(std::time(nullptr)))
      .end_object();
  return response;
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["query","documents"],"properties":{"model":"@Model","query":"@Query",)"
    R"("documents":"@Texts","top_n":"@Count","return_documents":"@Off","raw_scores":"@Off"}})";

constexpr Route kRoutes[] = {
    {"POST", "/rerank", "Rank documents, best first", kRequest, schema::kPlainResponse},
    {"POST", "/v1/rerank", "The same", kRequest, schema::kPlainResponse},
    {"GET", "/models", "The models that are loaded", "", schema::kAny, list_models},
    {"GET", "/v1/models", "The same", "", schema::kAny, list_models},
    {"GET", "/health", "Whether the process runs", "", schema::kAny, health},
};

}  // namespace

const Dialect kInfinity{"infinity", "Infinity", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
