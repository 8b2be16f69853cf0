#include "engine/ranker.h"

namespace podium {

namespace {

class PromptRanker final : public Ranker {
 public:
  explicit PromptRanker(const RankRequest& request) : Ranker(request) {}

 protected:
  std::vector<text::Sequence> sequences(std::span<const std::string_view> documents) override {
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): made for models with a prompt alone
    return model().prompt()->sequences(model().tokenizer(), request().query, documents,
                                       request().max_length, tokenizing());
  }

  double logit(std::span<const float> row) const override { return static_cast<double>(row[0]); }
};

}  // namespace

std::unique_ptr<Ranker> make_prompt_ranker(const RankRequest& request) {
  return std::make_unique<PromptRanker>(request);
}

}  // namespace podium
