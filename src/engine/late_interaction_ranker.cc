// Ranking by a model with several depths: to one of them, or by settling early.
//
// Settling works in rounds of windows, cut by the documents' order and lengths alone, so that a
// result depends on nothing but the request. In a round all windows are read to the first depth;
// those that trail the top_n-th best document by more than the model's margin are settled there,
// the others go on from the states they are in. Documents of earlier rounds that were read in full
// count with their logits.
#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>

#include "engine/bi_encoder_ranker.h"
#include "engine/interaction_batches.h"

namespace podium {

namespace {

// Their states are kept until the round is over: 24 MiB of hidden size 384.
constexpr std::size_t kRoundTokens = 16384;

constexpr std::array<Effort, model::kDepths> kEfforts = {Effort::tiny, Effort::turbo, Effort::full};

class LateInteractionRanker final : public BiEncoderRanker {
 public:
  explicit LateInteractionRanker(const RankRequest& request) : BiEncoderRanker(request) {
    const Effort effort = request.options.effort;
    exact_top_ = request.options.exact_top > 0 ? request.options.exact_top : request.options.top_n;
    settles_ = effort == Effort::automatic && exact_top_ > 0;
    for (std::size_t i = 0; i < model::kDepths; ++i) {
      if (kEfforts[i] == effort) depth_ = i;
    }
  }

 protected:
  double logit(std::span<const float> row) override {
    usage().known_tokens += static_cast<std::size_t>(row[1]);
    return static_cast<double>(row[0]);
  }
  void take_query(std::span<const float>) override {}
  Effort depth() const override { return kEfforts[depth_]; }

  std::shared_ptr<Visit> visit(bool of_query) override {
    auto made = std::make_shared<Visit>();
    if (of_query) made->answer = query_;
    made->query = query_;
    made->to = depth_ + 1;
    made->remembers = !of_query && document_tokens() <= model().most_kept_tokens();
    made->scope = request().options.document_scope;
    return made;
  }

  Result<void> take_window(text::Sequence sequence) override {
    if (!settles_) {
      count_work(sequence.ids.size(), depth_);
      return Ranker::take_window(std::move(sequence));
    }
    round_tokens_ += sequence.ids.size();
    round_.push_back({std::move(sequence), visit(false), document()});
    return round_tokens_ < kRoundTokens ? Result<void>() : settle();
  }

  Result<void> finish() override {
    if (settles_) PODIUM_CHECK(settle());
    PODIUM_CHECK(Ranker::finish());
    usage().work = 1 - left_out_ / static_cast<double>(usage().total_tokens);
    return {};
  }

 private:
  struct Window {
    text::Sequence sequence;
    std::shared_ptr<Visit> visit;
    std::size_t document = 0;
    double logit = 0;
    std::size_t depth = 0;
    std::size_t known_tokens = 0;
  };

  void count_work(std::size_t tokens, std::size_t depth) {
    const auto& depths = model().late_interaction()->depths();
    const auto layers = [&](std::size_t i) { return static_cast<double>(depths[i].layer); };
    left_out_ += static_cast<double>(tokens) * (1 - layers(depth) / layers(model::kDepths - 1));
  }

  Result<void> settle() {
    PODIUM_CHECK(Ranker::finish());  // the query's states are there
    std::vector<std::size_t> going_on(round_.size());
    for (std::size_t i = 0; i < round_.size(); ++i) going_on[i] = i;
    for (std::size_t depth = 0; depth < model::kDepths && !going_on.empty(); ++depth) {
      PODIUM_CHECK(read(going_on, depth));
      if (depth + 1 == model::kDepths) break;
      const double least = threshold(going_on) - model().late_interaction()->depths()[depth].margin;
      std::erase_if(going_on, [&](std::size_t i) { return round_[i].logit < least; });
    }
    for (const Window& window : round_) {
      score(window.logit, kEfforts[window.depth]);
      count_work(window.sequence.ids.size(), window.depth);
      usage().known_tokens += window.known_tokens;
      if (window.depth + 1 < model::kDepths) continue;
      auto [best, is_new] = ended_.try_emplace(window.document, window.logit);
      best->second = std::max(best->second, window.logit);
    }
    round_.clear();
    round_tokens_ = 0;
    return {};
  }

  Result<void> read(const std::vector<std::size_t>& windows, std::size_t depth) {
    std::vector<Scheduler::Work> work;
    work.reserve(windows.size());
    for (const std::size_t i : windows) {
      Window& window = round_[i];
      window.depth = depth;
      window.visit->to = depth + 1;
      window.visit->keep = depth + 1 < model::kDepths;
      work.push_back({window.sequence, i, window.visit});
    }
    return compute(std::move(work), [&](std::size_t i, std::span<const float> row) {
      round_[i].logit = static_cast<double>(row[0]);
      round_[i].known_tokens = static_cast<std::size_t>(row[1]);
    });
  }

  // The logit of the last document that would be in the top by what is known; those that were
  // settled early are out of it.
  double threshold(const std::vector<std::size_t>& going_on) const {
    std::unordered_map<std::size_t, double> best = ended_;
    for (const std::size_t i : going_on) {
      auto [place, is_new] = best.try_emplace(round_[i].document, round_[i].logit);
      place->second = std::max(place->second, round_[i].logit);
    }
    if (best.size() <= exact_top_) return -std::numeric_limits<double>::infinity();
    std::vector<double> logits;
    logits.reserve(best.size());
    for (const auto& [document, logit] : best) logits.push_back(logit);
    const auto nth = logits.begin() + static_cast<std::ptrdiff_t>(exact_top_ - 1);
    std::ranges::nth_element(logits, nth, std::greater<>());
    return *nth;
  }

  std::shared_ptr<model::InteractionQuery> query_ = std::make_shared<model::InteractionQuery>();
  std::size_t depth_ = model::kDepths - 1;
  bool settles_ = false;
  std::size_t exact_top_ = 0;
  std::vector<Window> round_;
  std::size_t round_tokens_ = 0;
  double left_out_ = 0;                            // of the work, in tokens of all layers
  std::unordered_map<std::size_t, double> ended_;  // read in full in earlier rounds: their logits
};

}  // namespace

std::unique_ptr<Ranker> make_late_interaction_ranker(const RankRequest& request) {
  return std::make_unique<LateInteractionRanker>(request);
}

}  // namespace podium
