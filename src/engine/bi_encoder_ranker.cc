#include <algorithm>

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
                                      {&query, 1}, request().max_length, pool_)[0]);
  }

  void take_query(std::span<const float> row) override { query_.assign(row.begin(), row.end()); }

  std::string_view lead() const override { return model().bi_encoder().document_prefix; }

  SequenceShare share(std::size_t lead, std::size_t document) const override {
    const std::size_t taken = model().tokenizer().special_tokens_in_single() + lead;
    const std::size_t room = request().max_length - std::min(request().max_length, taken);
    return {.document = std::min(document, room)};
  }

  void build(const SequenceShare&, std::span<const text::TokenId> lead,
             std::span<const text::TokenId> document, text::Sequence& out) const override {
    std::vector<text::TokenId> text(lead.begin(), lead.end());
    text.insert(text.end(), document.begin(), document.end());
    model().tokenizer().build_single(text, request().max_length, out);
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
  ThreadPool pool_{1};
  std::vector<float> query_;
};

}  // namespace

std::unique_ptr<Ranker> make_bi_encoder_ranker(const RankRequest& request) {
  return std::make_unique<BiEncoderRanker>(request);
}

}  // namespace podium
