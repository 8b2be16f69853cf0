#include "engine/inputs.h"
#include "engine/ranker.h"

namespace podium {

namespace {

class BiEncoderRanker final : public Ranker {
 public:
  explicit BiEncoderRanker(const RankRequest& request) : Ranker(request) {}

 protected:
  std::optional<text::Sequence> query_sequence() override {
    const std::string_view query = request().query;
    return std::move(single_sequences(model().tokenizer(), model().bi_encoder().query_prefix,
                                      {&query, 1}, request().max_length, tokenizing())[0]);
  }

  void take_query(std::span<const float> row) override { query_.assign(row.begin(), row.end()); }

  std::vector<text::Sequence> sequences(std::span<const std::string_view> documents) override {
    return single_sequences(model().tokenizer(), model().bi_encoder().document_prefix, documents,
                            request().max_length, tokenizing());
  }

  double logit(std::span<const float> row) const override {
    double cosine = 0;
    for (std::size_t i = 0; i < query_.size(); ++i) {
      cosine += static_cast<double>(query_[i]) * static_cast<double>(row[i]);
    }
    const hub::BiEncoderConfig& config = model().bi_encoder();
    return config.calibration_scale * cosine + config.calibration_bias;
  }

 private:
  std::vector<float> query_;
};

}  // namespace

std::unique_ptr<Ranker> make_bi_encoder_ranker(const RankRequest& request) {
  return std::make_unique<BiEncoderRanker>(request);
}

}  // namespace podium
