#include "engine/inputs.h"
#include "engine/ranker.h"

namespace podium {

namespace {

class CrossEncoderRanker final : public Ranker {
 public:
  explicit CrossEncoderRanker(const RankRequest& request) : Ranker(request) {}

 protected:
  std::vector<text::Sequence> sequences(std::span<const std::string_view> documents) override {
    return pair_sequences(model().tokenizer(), query_tokens().ids, documents, request().max_length,
                          tokenizing());
  }

  double logit(std::span<const float> row) const override { return static_cast<double>(row[0]); }
};

}  // namespace

std::unique_ptr<Ranker> make_cross_encoder_ranker(const RankRequest& request) {
  return std::make_unique<CrossEncoderRanker>(request);
}

}  // namespace podium
