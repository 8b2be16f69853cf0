// vLLM: /rerank in one shape at every path, and /score in the order of the input.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims_rerank(const HttpRequest&, const json::Value&) { return true; }

void read_common(Reader& in, Job& job) {
  if (const auto tokens = in.integer("max_tokens_per_doc", 0)) {
    job.options.max_document_tokens = static_cast<std::size_t>(*tokens);
  }
  for (const auto* key : {"use_activation", "activation", "softmax"}) {
    if (!in.flag(key).value_or(true)) job.options.score = ScoreKind::logit;
  }
  job.truncate = in.may_cut();
}

Parsed<Call> parse_rerank(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  job.query = in.query();
  Documents documents = in.documents({});
  job.documents = std::move(documents.texts);
  job.options.top_n = static_cast<std::size_t>(in.integer("top_n", 0).value_or(0));
  read_common(in, job);
  auto state = std::make_unique<RerankState>();
  return in.finish(single_call(in.text("model"), std::move(job), std::move(state)));
}

std::string score_id(const Answer& answer) { return "score-" + std::string(answer.request_id); }

HttpResponse answer_rerank(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("id").value(score_id(answer)).key("model").value(answer.model_name);
  out.key("usage").begin_object().key("prompt_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)}).end_object();
  out.key("results").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index}).key("document");
    out.begin_object().key("text").value(answer.jobs[0].documents[result.index]);
    out.key("multi_modal").null().end_object();
    out.key("relevance_score").value(result.relevance_score);
    write_passages(out, answer, result);
    out.end_object();
  }
  out.end_array().end_object();
  return response;
}

struct Names {
  std::string_view first;
  std::string_view second;
};
constexpr Names kSpellings[] = {
    {"text_1", "text_2"}, {"queries", "documents"}, {"queries", "items"}, {"data_1", "data_2"}};

const Names* spelling(const json::Value& body) {
  const auto has = [&](std::string_view key) {
    const auto value = body.find(key);
    return value && !value->is_null();
  };
  for (const Names& names : kSpellings) {
    if (has(names.first) && has(names.second)) return &names;
  }
  return nullptr;
}

bool claims_score(const HttpRequest&, const json::Value& body) {
  return spelling(body) != nullptr || !body.find("query");
}

// A string, an object with text, or an array of those.
std::vector<std::string> side(Reader& in, std::string_view key) {
  const auto value = in.find(key);
  if (!value) return {};
  if (const auto text = value->as_string()) return {std::string(*text)};
  if (value->is_object()) return {in.query(key)};
  return in.documents({.key = key}).texts;
}

Parsed<Call> parse_score(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  const Names* names = spelling(body);
  if (names == nullptr) {
    in.fail(Fault::schema, "text_1 and text_2 are missing",
            "Send text_1 and text_2, or queries and documents.", "text_1");
    return in.finish({});
  }
  std::vector<std::string> first = side(in, names->first);
  std::vector<std::string> second = side(in, names->second);
  if (!in.failed() && first.size() != 1 && first.size() != second.size()) {
    in.fail(Fault::empty, "Input lengths must be either 1:1, 1:N or N:N",
            fmt::format("There are {} and {}.", first.size(), second.size()), names->first);
  }
  Job common;
  read_common(in, common);
  Call call;
  call.model = in.text("model");
  if (first.size() == 1) {
    common.query = std::move(first[0]);
    common.documents = std::move(second);
    call.jobs.push_back(std::move(common));
  } else {
    for (std::size_t i = 0; i < first.size() && i < second.size(); ++i) {
      Job job = common;
      job.query = std::move(first[i]);
      job.documents = {std::move(second[i])};
      call.jobs.push_back(std::move(job));
    }
  }
  call.state = std::make_unique<RerankState>();
  return in.finish(std::move(call));
}

void write_score(json::Writer& out, std::size_t index, double score) {
  out.begin_object().key("index").value(std::uint64_t{index}).key("object").value("score");
  out.key("score").value(score).end_object();
}

HttpResponse answer_score(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("id").value(score_id(answer)).key("object").value("list");
  out.key("created").value(answer.created).key("model").value(answer.model_name);
  out.key("data").begin_array();
  std::size_t offset = 0;
  for (std::size_t job = 0; job < answer.jobs.size(); ++job) {
    std::vector<std::optional<double>> scores(answer.jobs[job].documents.size());
    for (const RankedDocument& result : answer.rankings[job].results) {
      scores[result.index] = result.relevance_score;
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (const auto& score = scores[i]) write_score(out, offset + i, *score);
    }
    offset += scores.size();
  }
  out.end_array().key("usage").begin_object();
  out.key("prompt_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("total_tokens").value(std::uint64_t{total_tokens(answer)});
  out.key("completion_tokens").value(0).key("prompt_tokens_details").null();
  out.end_object().end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  const int status = status_without_422(refusal.fault);
  const std::string_view type = status == 400   ? "BadRequestError"
                                : status == 404 ? "NotFoundError"
                                                : openai_type(refusal.fault);
  HttpResponse response{.status = status};
  const std::string text = sentence(refusal.error);
  json::Writer out(response.body);
  out.begin_object().key("error").begin_object().key("message").value(text);
  out.key("type").value(type).key("param");
  refusal.field.empty() ? out.null() : out.value("body." + refusal.field);
  out.key("code").value(status).end_object();
  // what readers of other APIs at this path look for
  out.key("detail").value(text).key("message").value(text).end_object();
  return response;
}

constexpr std::string_view kScoreRequest =
    R"({"type":"object","required":["text_1","text_2"],"properties":{"model":"@Model",)"
    R"("text_1":"@QueryOrQueries","text_2":"@TextOrTexts"}})";

constexpr Route kRerankRoutes[] = {
    {"POST", "/rerank", "Rank documents, best first", schema::kPlainRequest,
     schema::kPlainResponse},
    {"POST", "/v1/rerank", "The same", schema::kPlainRequest, schema::kPlainResponse},
    {"POST", "/v2/rerank", "The same", schema::kPlainRequest, schema::kPlainResponse},
    {"POST", "/invocations", "The same, at SageMaker's path", schema::kPlainRequest,
     schema::kPlainResponse},
};
constexpr Route kScoreRoutes[] = {
    {"POST", "/score", "Score pairs, in their order", kScoreRequest, schema::kDataResponse},
    {"POST", "/v1/score", "The same", kScoreRequest, schema::kDataResponse},
    {"POST", "/invocations", "The same, at SageMaker's path", kScoreRequest, schema::kDataResponse},
};

}  // namespace

const Dialect kVllmRerank{"vllm",       "vLLM rerank", kRerankRoutes, claims_rerank,
                          parse_rerank, answer_rerank, refuse};
const Dialect kVllmScore{"vllm",      "vLLM score", kScoreRoutes, claims_score,
                         parse_score, answer_score, refuse};

}  // namespace podium::server
