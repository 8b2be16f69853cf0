// Any bytes as the body of every route of every dialect: the claims and the parser take them; what
// parses is answered, and what does not is refused, in valid JSON and with a status to match. The
// same bytes are also read as JSON to the end of a line and tensors after it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/json.h"
#include "server/api/dialect.h"
#include "server/api/kserve_binary.h"

namespace {

using namespace podium::server;
using podium::json::Document;

constexpr std::string_view kRequestId = "0123456789abcdef0123456789abcdef";

void require(bool holds) {
  if (!holds) std::abort();
}

class FakeModel : public ServedModel {
 public:
  std::string_view name() const override { return "fake"; }
  std::int64_t created() const override { return 0; }
  const podium::ModelInfo& info() const override { return info_; }
  podium::Result<std::vector<podium::TokenSpan>> tokenize(std::string_view text) const override {
    return std::vector<podium::TokenSpan>(1,
                                          {.id = 7, .piece = "x", .begin = 0, .end = text.size()});
  }
  podium::Result<std::vector<float>> embed(std::span<const std::string_view> texts,
                                           bool) const override {
    return std::vector<float>(texts.size(), 1.0F);
  }

 private:
  podium::ModelInfo info_{.hidden_size = 1, .max_length = 512};
};

class FakeModels : public Models {
 public:
  std::shared_ptr<const ServedModel> find(std::string_view) const override { return model_; }
  std::vector<std::shared_ptr<const ServedModel>> list() const override { return {model_}; }

 private:
  std::shared_ptr<const ServedModel> model_ = std::make_shared<FakeModel>();
};

void require_json(const HttpResponse& response) {
  if (response.content_type != "application/json") return;  // a tensor's bytes
  require(response.body.empty() || Document::parse(response.body, "response").has_value());
}

// Every document with a score, the last one first.
podium::Ranking ranking_of(const Job& job) {
  podium::Ranking ranking;
  for (std::size_t i = job.documents.size(); i-- > 0;) {
    ranking.results.push_back({.index = i, .relevance_score = 0.5, .tokens = 3});
  }
  if (job.options.top_n > 0 && job.options.top_n < ranking.results.size()) {
    ranking.results.resize(job.options.top_n);
  }
  return ranking;
}

void check_call(const Dialect& dialect, const Call& call) {
  std::vector<podium::Ranking> rankings;
  for (const Job& job : call.jobs) {
    require(!job.documents.empty());
    rankings.push_back(ranking_of(job));
  }
  const podium::ModelInfo model;
  const HttpResponse response = render(dialect, Answer{.call = call,
                                                       .jobs = call.jobs,
                                                       .rankings = rankings,
                                                       .model = model,
                                                       .model_name = "fake",
                                                       .request_id = kRequestId});
  // What asks for nothing to be ranked (MCP's notifications) may need no answer.
  require(call.jobs.empty() || (response.status == 200 && !response.body.empty()));
  require_json(response);
}

void check_refusal(const Dialect& dialect, const BadRequest& bad) {
  require(!bad.error.message.empty());
  const HttpResponse response = render(
      &dialect,
      Refusal{
          .fault = bad.fault, .error = bad.error, .request_id = kRequestId, .field = bad.field});
  require(response.status >= 400 && response.status < 600);
  require_json(response);
}

void check_route(const Dialect& dialect, const Route& route, HttpRequest& request,
                 const podium::json::Value& body) {
  static const FakeModels kModels;
  request.method = route.method;
  request.path = route.path;
  std::ranges::replace(request.path, '*', 'm');
  find_route(request, body);
  if (route.page != nullptr) {
    const auto page = route.page(request, body, kModels);
    page ? require_json(*page) : check_refusal(dialect, page.error());
    return;
  }
  dialect.claims(request, body);
  const auto call = dialect.parse(request, body, Settings{});
  call ? check_call(dialect, *call) : check_refusal(dialect, call.error());
}

void check_tensors(std::string_view body) {
  const std::size_t length = std::min(body.find('\n'), body.size());
  const auto text = inline_tensors(body, std::to_string(length));
  if (text) require(Document::parse(*text, "inlined").has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HttpRequest request;
  request.body.assign(reinterpret_cast<const char*>(data), size);
  check_tensors(request.body);
  const auto document = Document::parse(request.body, "the body");
  const auto null = Document::parse("null", "null");
  const podium::json::Value body = document ? document->root() : null->root();
  for (const Dialect* dialect : dialects()) {
    for (const Route& route : dialect->routes) check_route(*dialect, route, request, body);
  }
  return 0;
}
