#include "server/api/writing.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "server/api/reading.h"

namespace podium::server {

std::string uuid(std::string_view request_id) {
  std::string id(request_id);
  id.resize(32, '0');
  for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, "-");
  return id;
}

double rounded(double score, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::round(score * scale) / scale;
}

void write_document_object(json::Writer& out, const Answer& answer, std::size_t index) {
  const RerankState& state = rerank_state(answer);
  if (index < state.originals.size() && !state.originals[index].empty()) {
    out.raw(state.originals[index]);
    return;
  }
  out.begin_object().key("text").value(answer.jobs[0].documents[index]).end_object();
}

void write_results(json::Writer& out, const Answer& answer, bool documents, int decimals) {
  out.begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("relevance_score").value(rounded(result.relevance_score, decimals));
    if (documents) {
      out.key("document");
      write_document_object(out, answer, result.index);
    }
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array();
}

void write_passages(json::Writer& out, const Answer& answer, const RankedDocument& result) {
  if (answer.call.passages == 0) return;
  const std::string_view document = answer.jobs[0].documents[result.index];
  out.key("passages").begin_array();
  for (const Passage& passage : result.passages) {
    out.begin_object().key("start").value(std::uint64_t{passage.begin});
    out.key("end").value(std::uint64_t{passage.end});
    out.key("relevance_score").value(passage.score);
    out.key("text").value(utf8::slice(document, passage.begin, passage.end)).end_object();
  }
  out.end_array();
}

std::size_t total_tokens(const Answer& answer) {
  std::size_t tokens = 0;
  for (const Ranking& ranking : answer.rankings) tokens += ranking.usage.total_tokens;
  return tokens;
}

std::size_t search_units(const Answer& answer) {
  constexpr std::size_t kChunkTokens = 500;
  constexpr std::size_t kUnitDocuments = 100;
  const std::size_t documents = answer.jobs[0].documents.size();
  const std::size_t chunks = std::max(documents, total_tokens(answer) / kChunkTokens);
  return std::max<std::size_t>(1, (chunks + kUnitDocuments - 1) / kUnitDocuments);
}

void write_meta(json::Writer& out, const Answer& answer, std::string_view version, bool tokens) {
  out.begin_object().key("api_version").begin_object().key("version").value(version);
  if (version != "1" || tokens) out.key("is_experimental").value(false);
  out.end_object();
  out.key("billed_units").begin_object().key("search_units");
  out.value(std::uint64_t{search_units(answer)}).end_object();
  if (tokens) {
    out.key("tokens").begin_object().key("input_tokens");
    out.value(std::uint64_t{total_tokens(answer)}).key("output_tokens").value(0).end_object();
  }
  out.end_object();
}

std::string_view openai_type(Fault fault) {
  switch (fault) {
    case Fault::unauthorized: return "authentication_error";
    case Fault::forbidden: return "permission_error";
    case Fault::unknown_model:
    case Fault::not_found: return "not_found_error";
    case Fault::rate_limited: return "rate_limit_error";
    case Fault::overloaded:
    case Fault::unavailable:
    case Fault::timed_out:
    case Fault::internal: return "server_error";
    default: return "invalid_request_error";
  }
}

void write_error(json::Writer& out, const Refusal& refusal, int code) {
  out.begin_object().key("message").value(sentence(refusal.error));
  out.key("type").value(openai_type(refusal.fault)).key("param");
  refusal.field.empty() ? out.null() : out.value(refusal.field);
  out.key("code");
  code == 0 ? out.null() : out.value(code);
  out.end_object();
}

HttpResponse openai_refusal(const Refusal& refusal, int status) {
  HttpResponse response{.status = status};
  json::Writer out(response.body);
  out.begin_object().key("error");
  write_error(out, refusal, status);
  out.end_object();
  return response;
}

HttpResponse coded_refusal(const Refusal& refusal, int status, std::string_view type) {
  HttpResponse response{.status = status};
  json::Writer out(response.body);
  out.begin_object().key("error").begin_object().key("code").value(status);
  out.key("message").value(sentence(refusal.error)).key("type").value(type);
  out.end_object().end_object();
  return response;
}

HttpResponse merged_refusal(const Refusal& refusal, int status) {
  HttpResponse response{.status = status};
  const std::string text = sentence(refusal.error);
  json::Writer out(response.body);
  out.begin_object().key("detail").value(text).key("message").value(text).key("error");
  write_error(out, refusal, 0);
  out.key("request_id").value(refusal.request_id).end_object();
  return response;
}

}  // namespace podium::server
