// Hugging Face Text Embeddings Inference: "texts" in the body, a bare array in the answer. Its
// pages are in tei_pages.cc.
#include "base/utf8.h"
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/tei_pages.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

enum Shape { rank, predict_one, predict_many };

bool is_predict(const HttpRequest& request) { return request.path == "/predict"; }
bool is_llama_cpp(const HttpRequest& request) { return request.path.ends_with("/reranking"); }

bool claims(const HttpRequest& request, const json::Value& body) {
  return body.find("texts") || (is_predict(request) && body.find("inputs"));
}

std::optional<std::vector<std::string>> strings(const json::Value& array) {
  std::vector<std::string> found;
  bool all = array.is_array();
  array.for_each_element([&](const json::Value& element) {
    const auto text = element.as_string();
    all = text.has_value();
    if (all) found.emplace_back(*text);
    return all;
  });
  if (!all) return std::nullopt;
  return found;
}

// A text by itself is scored as a document for an empty question, which no model here takes; so it
// has to come with one.
void add_pair(Reader& in, const json::Value& value, std::vector<Job>& jobs) {
  const auto pair = strings(value);
  if (!pair || pair->size() != 2) {
    in.fail(Fault::schema, "inputs must be [query, text] or an array of such pairs",
            "A reranker scores a text against a query.", "inputs");
    return;
  }
  Job job;
  job.query = (*pair)[0];
  job.documents = {(*pair)[1]};
  jobs.push_back(std::move(job));
}

Parsed<Call> parse_predict(Reader& in) {
  auto state = std::make_unique<RerankState>();
  Call call;
  const auto inputs = in.find("inputs");
  if (!inputs) {
    in.fail(Fault::schema, "inputs is missing", "It is [query, text], or an array of pairs.",
            "inputs");
  } else if (const auto text = inputs->as_string()) {
    // as TEI does with one text: nothing to compare it with
    Job job;
    job.query = *text;
    job.documents = {std::string(*text)};
    call.jobs.push_back(std::move(job));
    state->shape = predict_one;
  } else if (strings(*inputs) && inputs->size() > 0) {
    state->shape = predict_one;
    add_pair(in, *inputs, call.jobs);
  } else {
    state->shape = predict_many;
    inputs->for_each_element([&](const json::Value& pair) {
      add_pair(in, pair, call.jobs);
      return !in.failed();
    });
    if (call.jobs.empty()) in.fail(Fault::empty, "`inputs` cannot be empty", {}, "inputs");
  }
  const bool raw = in.flag("raw_scores").value_or(false);
  const bool cut = in.flag("truncate").value_or(true);
  for (Job& job : call.jobs) {
    job.options.score = raw ? ScoreKind::logit : ScoreKind::relevance;
    job.truncate = cut;
  }
  call.state = std::move(state);
  return in.finish(std::move(call));
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  if (is_predict(request) && !in.has("texts")) return parse_predict(in);
  Job job;
  job.query = in.required_text("query");
  job.documents = in.documents({.key = "texts", .objects = false}).texts;
  if (in.flag("raw_scores").value_or(false)) job.options.score = ScoreKind::logit;
  job.truncate = in.flag("truncate").value_or(true);
  // only llama.cpp has it; clients of TEI send it too, and cut for themselves
  if (is_llama_cpp(request)) job.options.top_n = in.top("top_n");
  auto state = std::make_unique<RerankState>();
  state->return_documents = in.flag("return_text").value_or(false);
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

void add_compute_headers(const Answer& answer, HttpResponse& response) {
  std::size_t characters = 0;
  for (const Job& job : answer.jobs) {
    characters += utf8::count_characters(job.query) * job.documents.size();
    for (const std::string& text : job.documents) characters += utf8::count_characters(text);
  }
  double tokenize = 0;
  double inference = 0;
  for (const Ranking& ranking : answer.rankings) {
    tokenize += ranking.timings.tokenize_ms;
    inference += ranking.timings.encode_ms;
  }
  const auto milliseconds = [](double value) { return std::to_string(static_cast<long>(value)); };
  response.headers.insert(response.headers.end(),
                          {{"x-compute-type", "cpu"},
                           {"x-compute-time", milliseconds(answer.total_ms)},
                           {"x-compute-characters", std::to_string(characters)},
                           {"x-compute-tokens", std::to_string(total_tokens(answer))},
                           {"x-total-time", milliseconds(answer.total_ms)},
                           {"x-tokenization-time", milliseconds(tokenize)},
                           {"x-queue-time", milliseconds(answer.queue_ms)},
                           {"x-inference-time", milliseconds(inference)}});
}

void write_prediction(json::Writer& out, const Ranking& ranking) {
  out.begin_array().begin_object().key("score");
  out.value(ranking.results.empty() ? 0 : ranking.results[0].relevance_score);
  out.key("label").value("LABEL_0").end_object().end_array();
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  const RerankState& state = rerank_state(answer);
  if (state.shape == predict_one) {
    write_prediction(out, answer.rankings[0]);
  } else if (state.shape == predict_many) {
    out.begin_array();
    for (const Ranking& ranking : answer.rankings) write_prediction(out, ranking);
    out.end_array();
  } else {
    out.begin_array();
    for (const RankedDocument& result : answer.rankings[0].results) {
      out.begin_object().key("index").value(std::uint64_t{result.index});
      if (state.return_documents) out.key("text").value(answer.jobs[0].documents[result.index]);
      out.key("score").value(result.relevance_score);
      write_passages(out, answer, result);
      out.end_object();
    }
    out.end_array();
  }
  add_compute_headers(answer, response);
  return response;
}

struct Kind {
  int status;
  std::string_view type;
};

Kind kind_of(Fault fault) {
  switch (fault) {
    case Fault::empty: return {400, "Empty"};
    case Fault::schema:
    case Fault::too_long:
    case Fault::unknown_model: return {422, "Validation"};
    case Fault::unsupported: return {424, "Backend"};
    case Fault::rate_limited:
    case Fault::overloaded: return {429, "Overloaded"};
    case Fault::unavailable: return {503, "Unhealthy"};
    case Fault::internal: return {424, "Backend"};
    default: return {usual_status(fault), "Validation"};
  }
}

HttpResponse refuse(const Refusal& refusal) {
  const Kind kind = kind_of(refusal.fault);
  HttpResponse response{.status = kind.status};
  if (refusal.fault == Fault::unauthorized) return response;
  json::Writer(response.body)
      .begin_object()
      .key("error")
      .value(sentence(refusal.error))
      .key("error_type")
      .value(kind.type)
      .end_object();
  return response;
}

constexpr std::string_view kPredictRequest =
    R"({"type":"object","required":["inputs"],"properties":{"inputs":{"anyOf":["@Query",)"
    R"({"type":"array","prefixItems":["@Query",{"type":"string"}],"items":false,"minItems":2},)"
    R"({"type":"array","minItems":1,"items":{"type":"array","prefixItems":["@Query",{"type":"string"}],)"
    R"("items":false,"minItems":2}}]},"raw_scores":"@Off","truncate":"@On"}})";
constexpr std::string_view kTokenizeRequest =
    R"({"type":"object","required":["inputs"],"properties":{"inputs":"@TextOrTexts","add_special_tokens":"@On"}})";
constexpr std::string_view kEmbedRequest =
    R"({"type":"object","required":["inputs"],"properties":{"inputs":"@TextOrTexts"}})";

constexpr Route kRoutes[] = {
    {"POST", "/rerank", "Rank texts, best first", schema::kTextsRequest, schema::kTextsResponse},
    {"POST", "/v1/rerank", "The same, at other servers' paths", schema::kTextsRequest,
     schema::kTextsResponse},
    {"POST", "/v2/rerank", "The same", schema::kTextsRequest, schema::kTextsResponse},
    {"POST", "/reranking", "The same", schema::kTextsRequest, schema::kTextsResponse},
    {"POST", "/v1/reranking", "The same", schema::kTextsRequest, schema::kTextsResponse},
    {"POST", "/", "The same", schema::kTextsRequest, schema::kTextsResponse},
    {"POST", "/invocations", "The same, at SageMaker's path", schema::kTextsRequest,
     schema::kTextsResponse},
    {"POST", "/predict", "Score pairs of query and text", kPredictRequest, schema::kArray},
    {"GET", "/info", "What the model is", "", schema::kAny, tei_info},
    {"POST", "/tokenize", "The tokens of texts", kTokenizeRequest, schema::kArray, tei_tokenize},
    {"POST", "/embed", "The vectors of texts, where the model has them", kEmbedRequest,
     schema::kArray, tei_embed},
};

}  // namespace

const Dialect kTei{"tei", "Text Embeddings Inference", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
