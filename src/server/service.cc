#include "server/service.h"

#include <algorithm>
#include <array>
#include <climits>
#include <functional>
#include <optional>
#include <unordered_map>

#include "base/error.h"

namespace podium::server {

namespace {

tl::unexpected<BadRequest> refuse(Fault fault, std::string message, std::string hint = {},
                                  std::string field = {}) {
  const auto code = fault == Fault::internal ? ErrorCode::internal : ErrorCode::invalid_argument;
  return tl::unexpected(
      BadRequest{fault, Error{code, std::move(message), std::move(hint)}, std::move(field)});
}

// Why the engine did not rank, as a dialect can say it.
tl::unexpected<BadRequest> refuse(Error error) {
  Fault fault = Fault::internal;
  switch (error.code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::malformed: fault = Fault::schema; break;
    case ErrorCode::unsupported: fault = Fault::unsupported; break;
    case ErrorCode::deadline_exceeded:
    case ErrorCode::cancelled: fault = Fault::timed_out; break;
    case ErrorCode::overloaded: fault = Fault::overloaded; break;
    default: break;
  }
  return tl::unexpected(BadRequest{fault, std::move(error), {}});
}

tl::unexpected<BadRequest> refuse_late() {
  return refuse(Fault::timed_out, "the request's time was over before it could be ranked",
                "Send fewer documents, or allow more time with X-Request-Timeout: SECONDS.");
}

// Whether a score depends on its query and document alone. A listwise model reads all documents
// together, so none of its scores can be reused, and no document left out.
bool scores_pairs(const LoadedModel& model) { return model.info().head != "listwise"; }

// The documents, each different one once.
struct Texts {
  std::vector<std::string_view> different;
  std::vector<std::size_t> place;  // of each document among the different ones
};

Texts different_texts(const Job& job, const LoadedModel& model) {
  Texts texts;
  std::unordered_map<std::string_view, std::size_t> places;
  places.reserve(job.documents.size());
  texts.place.reserve(job.documents.size());
  for (const std::string& document : job.documents) {
    const auto [place, is_new] = places.try_emplace(document, texts.different.size());
    const bool repeated = !is_new && scores_pairs(model);
    texts.place.push_back(repeated ? place->second : texts.different.size());
    if (!repeated) texts.different.push_back(document);
  }
  return texts;
}

// How deep the documents are read that are not settled early.
Effort depth_of(Effort effort) { return effort == Effort::automatic ? Effort::full : effort; }

// What besides the two texts decides a score.
std::string score_context(const Call& call, const Job& job, const LoadedModel& model,
                          const std::string& scope) {
  const RankOptions& options = job.options;
  return fmt::format("{}/{}/{}/{}/{}/{}/{}/{}/{}/{}/{}/{}", model.serial(),
                     static_cast<int>(depth_of(call.effort)), static_cast<int>(options.score),
                     options.max_length, options.overlap, static_cast<int>(options.aggregation),
                     options.mean_of, static_cast<int>(options.window_end), options.max_windows,
                     options.max_document_tokens, scope, options.instruction);
}

using Scores = std::vector<std::optional<ScoreCache::Score>>;  // of the different texts

Parsed<Ranking> ask_engine(const Engine& engine, const Call& call, const Job& job,
                           const Caller& caller, const std::string& scope,
                           std::span<const std::string_view> documents) {
  if (caller.abandoned.stop_requested()) return refuse(Fault::timed_out, "the client hung up");
  if (std::chrono::steady_clock::now() >= caller.deadline) return refuse_late();
  RankOptions options = job.options;
  options.top_n = 0;
  options.effort = call.effort;
  options.exact_top = job.options.top_n;
  options.passages = call.passages;
  options.passage_documents = job.options.top_n;
  options.document_scope = std::hash<std::string>{}(scope);
  options.client = std::hash<std::string>{}(caller.client);
  options.priority = static_cast<int>(std::clamp<std::int64_t>(call.priority, INT_MIN, INT_MAX));
  options.deadline = caller.deadline;
  options.cancel = caller.abandoned;
  auto ranking = engine.rank(job.query, documents, options);
  if (!ranking) return refuse(std::move(ranking).error());
  return *std::move(ranking);
}

// What the engine found besides scores, of the different texts.
struct Findings {
  std::vector<Effort> depths;
  std::vector<std::vector<Passage>> passages;  // none if not asked for
};

// The results of all documents, repeated ones included, as the request wants them.
Parsed<Ranking> arrange(const Call& call, const Job& job, const Texts& texts, const Scores& scores,
                        const Findings& findings, Ranking ranking) {
  ranking.results.reserve(job.documents.size());
  for (std::size_t i = 0; i < job.documents.size(); ++i) {
    const std::size_t place = texts.place[i];
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): every text has been scored
    const ScoreCache::Score& score = *scores[place];
    if (score.truncated && !job.truncate) {
      return refuse(Fault::too_long,
                    fmt::format("document {} and the query are longer than the model reads", i),
                    "Shorten it, or allow truncation.", "documents");
    }
    ranking.usage.total_tokens += score.tokens;
    // Half a step of the eight decimals that scores are written with.
    if (call.threshold && score.relevance_score < *call.threshold - 5e-9) continue;
    ranking.results.push_back({.index = i,
                               .relevance_score = score.relevance_score,
                               .tokens = score.tokens,
                               .truncated = score.truncated,
                               .depth = findings.depths[place]});
    if (!findings.passages.empty()) ranking.results.back().passages = findings.passages[place];
  }
  // As the engine orders them: those that were settled early could not reach the top.
  std::ranges::stable_sort(ranking.results, std::greater<>(), [](const RankedDocument& result) {
    return std::pair(result.depth, result.relevance_score);
  });
  const std::size_t top_n = job.options.top_n;
  if (top_n > 0 && top_n < ranking.results.size()) ranking.results.resize(top_n);
  return ranking;
}

}  // namespace

Service::Service(const ModelRegistry& models, const Limits& limits)
    : models_(models), limits_(limits), cache_(limits.cached_scores) {}

Parsed<Outcome> Service::rank(const Call& call, const Caller& caller) {
  Outcome outcome;
  outcome.model = models_.find_loaded(call.model);
  if (outcome.model == nullptr) {
    return refuse(Fault::unknown_model, fmt::format("no model is called '{}'", call.model),
                  "GET /v1/models lists the models.", "model");
  }
  for (const Job& job : call.jobs) outcome.documents += job.documents.size();
  if (outcome.documents > limits_.documents) {
    return refuse(Fault::too_large,
                  fmt::format("there are {} documents, more than the {} of one request",
                              outcome.documents, limits_.documents),
                  "Send them in several requests, or raise --max-documents.", "documents");
  }
  for (const Job& job : call.jobs) {
    auto ranking = rank_job(call, job, caller, *outcome.model, outcome.computed);
    if (!ranking) return tl::unexpected(std::move(ranking).error());
    outcome.rankings.push_back(*std::move(ranking));
  }
  return outcome;
}

Parsed<Ranking> Service::rank_job(const Call& call, const Job& job, const Caller& caller,
                                  const LoadedModel& model, std::size_t& computed) {
  const auto start = std::chrono::steady_clock::now();
  const Texts texts = different_texts(job, model);
  const std::size_t count = texts.different.size();

  // Passages are not kept, so that documents whose passages are asked for are ranked again.
  const bool caches = cache_.is_on() && scores_pairs(model) && call.passages == 0;
  const std::string scope = limits_.shared_cache ? std::string() : caller.key;
  const std::string context = score_context(call, job, model, scope);
  const Hash128 query_key = cache_.key(std::array<std::string_view, 2>{context, job.query});
  std::vector<Hash128> keys(caches ? count : 0);
  Scores scores(count);
  std::vector<std::string_view> unknown;
  std::vector<std::size_t> unknown_places;
  auto query = caches ? cache_.find(query_key) : std::nullopt;
  Findings findings;
  findings.depths.assign(count, depth_of(call.effort));
  findings.passages.resize(call.passages > 0 ? count : 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (caches) {
      keys[i] = cache_.key(std::array<std::string_view, 3>{context, job.query, texts.different[i]});
      if (query) scores[i] = cache_.find(keys[i]);
    }
    if (scores[i]) continue;
    unknown.push_back(texts.different[i]);
    unknown_places.push_back(i);
  }

  Ranking ranking;
  if (!unknown.empty()) {
    auto ranked = ask_engine(model.engine(), call, job, caller, scope, unknown);
    if (!ranked) return tl::unexpected(std::move(ranked).error());
    computed += unknown.size();
    ranking.timings = ranked->timings;
    std::size_t document_tokens = 0;
    for (RankedDocument& result : ranked->results) {
      const std::size_t place = unknown_places[result.index];
      const ScoreCache::Score score{result.relevance_score,
                                    static_cast<std::uint32_t>(result.tokens), result.truncated};
      scores[place] = score;
      document_tokens += result.tokens;
      findings.depths[place] = result.depth;
      if (call.passages > 0) findings.passages[place] = std::move(result.passages);
      if (caches && result.depth == depth_of(call.effort)) cache_.insert(keys[place], score);
    }
    // What the query cost by itself, so that usage is the same from the cache.
    query = ScoreCache::Score{
        static_cast<double>(ranked->usage.query_tokens),
        static_cast<std::uint32_t>(ranked->usage.total_tokens - document_tokens), false};
    if (caches) cache_.insert(query_key, *query);
  }
  if (query) {
    ranking.usage.query_tokens = static_cast<std::size_t>(query->relevance_score);
    ranking.usage.total_tokens = query->tokens;
  }
  auto arranged = arrange(call, job, texts, scores, findings, std::move(ranking));
  if (arranged) {
    arranged->timings.total_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  return arranged;
}

}  // namespace podium::server
