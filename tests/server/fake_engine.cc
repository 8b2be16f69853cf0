#include "server/fake_engine.h"

#include <algorithm>

#include "base/error.h"

namespace podium {

namespace fake {

namespace {

Ranks& hook() {
  static Ranks set;
  return set;
}

// Of the pair alone, in 0..1.
double score(std::string_view query, std::string_view document) {
  const std::size_t hash = std::hash<std::string_view>{}(document) ^ query.size();
  return static_cast<double>(hash % 1000) / 1000;
}

}  // namespace

void on_rank(Ranks set) { hook() = std::move(set); }

}  // namespace fake

struct Engine::Impl {
  ModelInfo info;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<Engine> Engine::load(const EngineOptions& options) {
  if (options.model == "missing") {
    return fail(ErrorCode::not_found, "missing is no model", "Name another directory.");
  }
  auto impl = std::make_unique<Impl>();
  impl->info.name = options.model.empty() ? "fake" : options.model;
  impl->info.head = "cross-encoder";
  impl->info.max_length = 512;
  return Engine(std::move(impl));
}

Result<Ranking> Engine::rank(std::string_view query, std::span<const std::string_view> documents,
                             const RankOptions& options) const {
  if (fake::hook()) fake::hook()(documents, options);
  if (options.cancel.stop_requested()) return fail(ErrorCode::cancelled, "the caller hung up");
  Ranking ranking;
  ranking.results.reserve(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    ranking.results.push_back(
        {.index = i, .relevance_score = fake::score(query, documents[i]), .tokens = 3});
  }
  std::ranges::stable_sort(ranking.results, std::greater<>(), &RankedDocument::relevance_score);
  ranking.usage = {.query_tokens = 2, .total_tokens = 2 + 3 * documents.size()};
  return ranking;
}

Result<std::vector<TokenSpan>> Engine::tokenize(std::string_view text) const {
  return std::vector<TokenSpan>(1, {.id = 7, .piece = "x", .begin = 0, .end = text.size()});
}

Result<std::vector<float>> Engine::embed(std::span<const std::string_view> texts, bool) const {
  if (fake::hook()) fake::hook()(texts, {});
  return std::vector<float>(texts.size(), 1.0F);
}

const ModelInfo& Engine::info() const { return impl_->info; }

QueueState Engine::queue() const { return {}; }

}  // namespace podium
