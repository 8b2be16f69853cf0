// llama.cpp's server: /reranking and its other spellings. Scores are the model's raw output, as
// that server sends them.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest&, const json::Value&) { return true; }

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.query();
  job.documents = in.documents({}).texts;
  job.options.score = ScoreKind::logit;
  const auto top = in.integer("top_n", 0);
  auto state = std::make_unique<RerankState>();
  state->asked_top = top.value_or(-1);
  job.options.top_n = static_cast<std::size_t>(top.value_or(0));
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("model").value(answer.model_name).key("object").value("list");
  out.key("usage").begin_object().key("prompt_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)}).end_object().key("results");
  if (rerank_state(answer).asked_top == 0) {  // none asked for, none sent
    out.begin_array().end_array();
  } else {
    write_results(out, answer, false, 9);
  }
  out.end_object();
  return response;
}

std::string_view type_of(Fault fault) {
  switch (fault) {
    case Fault::unauthorized: return "authentication_error";
    case Fault::forbidden: return "permission_error";
    case Fault::not_found:
    case Fault::method:
    case Fault::unknown_model: return "not_found_error";
    case Fault::unsupported: return "not_supported_error";
    case Fault::too_long: return "exceed_context_size_error";
    case Fault::overloaded:
    case Fault::unavailable: return "unavailable_error";
    case Fault::timed_out:
    case Fault::internal: return "server_error";
    default: return "invalid_request_error";
  }
}

HttpResponse refuse(const Refusal& refusal) {
  const bool unsupported = refusal.fault == Fault::unsupported;
  const int status = unsupported ? 501 : status_without_422(refusal.fault);
  return coded_refusal(refusal, status, type_of(refusal.fault));
}

constexpr Route kRoutes[] = {
    {"POST", "/reranking", "Rank documents, raw scores", schema::kPlainRequest,
     schema::kPlainResponse},
    {"POST", "/v1/reranking", "The same", schema::kPlainRequest, schema::kPlainResponse},
    {"POST", "/rerank", "The same, behind /llamacpp", schema::kPlainRequest,
     schema::kPlainResponse},
    {"POST", "/v1/rerank", "The same, behind /llamacpp", schema::kPlainRequest,
     schema::kPlainResponse},
};

}  // namespace

const Dialect kLlamaCpp{"llamacpp", "llama.cpp server", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
