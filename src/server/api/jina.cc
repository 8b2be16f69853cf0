// Jina Reranker API, POST /v1/rerank. Also answers what reads several APIs at once with a body that
// satisfies all of them (LiteLLM sends the same bytes for Jina and Voyage).
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

enum Shape { exact, mirrored, with_data, merged };

bool claims(const HttpRequest&, const json::Value&) { return true; }

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings& settings) {
  Reader in(request, body);
  Job job;
  job.query = in.query();
  Documents documents = in.documents({});
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top(in.has("top_n") ? "top_n" : "top_k");
  job.truncate = in.may_cut();
  for (const auto* key : {"max_doc_length", "max_tokens_per_doc"}) {
    if (const auto most = in.integer(key, 1))
      job.options.max_document_tokens = static_cast<std::size_t>(*most);
  }
  auto state = std::make_unique<RerankState>();
  state->return_documents = in.flag("return_documents").value_or(true);
  state->originals = std::move(documents.originals);
  if (request.header("User-Agent").starts_with("litellm/")) {
    state->shape = merged;
  } else if (settings.strict_jina) {
    state->shape = mirrored;
  } else if (in.has("truncation")) {
    state->shape = with_data;
  }
  if (in.flag("return_embeddings").value_or(false)) {
    in.fail(Fault::unsupported, "this model has no embeddings to return",
            "Leave return_embeddings out.", "return_embeddings");
  }
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

void write_echo(json::Writer& out, const Answer& answer, std::size_t index, bool mirror) {
  const RerankState& state = rerank_state(answer);
  if (mirror && state.originals[index].empty()) {
    out.value(answer.jobs[0].documents[index]);
  } else {
    write_document_object(out, answer, index);
  }
}

// Voyage's list, documents as strings.
void write_data(json::Writer& out, const Answer& answer) {
  out.key("data").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("relevance_score").value(rounded(result.relevance_score, 8));
    if (rerank_state(answer).return_documents) {
      out.key("document").value(answer.jobs[0].documents[result.index]);
    }
    out.end_object();
  }
  out.end_array();
}

HttpResponse answer(const Answer& answer) {
  const RerankState& state = rerank_state(answer);
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object();
  if (state.shape == merged) out.key("id").value(uuid(answer.request_id));
  out.key("model").value(answer.model_name).key("object").value("list");
  out.key("usage").begin_object().key("total_tokens").value(std::uint64_t{total_tokens(answer)});
  if (state.shape != mirrored) {
    out.key("prompt_tokens").value(std::uint64_t{total_tokens(answer)});
  }
  out.end_object();
  out.key("results").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("relevance_score").value(rounded(result.relevance_score, 8));
    if (state.return_documents) {
      out.key("document");
      write_echo(out, answer, result.index, state.shape == mirrored);
    }
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array();
  if (state.shape == with_data || state.shape == merged) write_data(out, answer);
  if (state.shape == merged) {
    out.key("meta");
    write_meta(out, answer, "1", true);
  }
  out.end_object();
  return response;
}

std::string_view error_code(Fault fault) {
  switch (fault) {
    case Fault::unauthorized: return "AUTH_INVALID_API_KEY";
    case Fault::forbidden: return "AUTHZ_INSUFFICIENT_SCOPE";
    case Fault::rate_limited: return "RATE_REQUEST_LIMIT_EXCEEDED";
    case Fault::unknown_model: return "INPUT_MODEL_NOT_FOUND";
    case Fault::too_long: return "INPUT_TOKEN_LIMIT_EXCEEDED";
    case Fault::too_large: return "PAYLOAD_TOO_LARGE";
    case Fault::not_found:
    case Fault::method: return "RESOURCE_NOT_FOUND";
    case Fault::overloaded:
    case Fault::unavailable: return "SERVICE_UNAVAILABLE";
    case Fault::timed_out: return "SERVICE_TIMEOUT";
    case Fault::internal: return "INTERNAL_ERROR";
    default: return "BAD_REQUEST";
  }
}

// As api.jina.ai answers: flat where the gateway or the validation refuses, else nested.
void write_exact(json::Writer& out, const Refusal& refusal, int status, const std::string& text) {
  const bool flat = refusal.fault == Fault::unauthorized || refusal.fault == Fault::forbidden ||
                    refusal.fault == Fault::rate_limited || refusal.fault == Fault::not_found ||
                    refusal.fault == Fault::method;
  const bool nested = !flat && status != 422;
  out.begin_object().key("detail");
  if (nested) out.begin_object().key("message");
  out.value(status == 422 ? "Validation error: " + text : text);
  if (nested) out.key("request_id").value(refusal.request_id);
  if (status != 422) out.key("code").value(error_code(refusal.fault));
  if (nested) out.end_object();
  if (!nested) out.key("request_id").value(refusal.request_id);
}

void write_validation(json::Writer& out, const Refusal& refusal, const std::string& text) {
  out.key("errors").begin_array().begin_object();
  out.key("field").value(refusal.field.empty() ? "body" : "body -> " + refusal.field);
  out.key("message").value(text).key("type");
  out.value(refusal.fault == Fault::empty ? "too_short" : "value_error").end_object().end_array();
}

// `detail` is a string that every client reads; 422 adds `errors`, as Jina's validation does.
HttpResponse refuse(const Refusal& refusal) {
  const int status = refusal.fault == Fault::empty           ? 422
                     : refusal.fault == Fault::unknown_model ? 400
                                                             : usual_status(refusal.fault);
  const std::string text = sentence(refusal.error);
  HttpResponse response{.status = status};
  json::Writer out(response.body);
  if (refusal.strict_jina) {
    write_exact(out, refusal, status, text);
  } else {
    out.begin_object().key("detail").value(text).key("code").value(error_code(refusal.fault));
    out.key("message").value(text).key("error");
    write_error(out, refusal, 0);
    out.key("request_id").value(refusal.request_id);
  }
  if (status == 422) write_validation(out, refusal, text);
  out.end_object();
  return response;
}

constexpr Route kRoutes[] = {{"POST", "/v1/rerank", "Rank documents, best first",
                              schema::kJinaRequest, schema::kJinaResponse}};

}  // namespace

const Dialect kJina{"jina", "Jina Reranker API", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
