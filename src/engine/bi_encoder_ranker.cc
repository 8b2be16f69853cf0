#include "engine/bi_encoder_ranker.h"

#include <algorithm>

#include "engine/inputs.h"
#include "model/heads.h"

namespace podium {

std::optional<text::Sequence> BiEncoderRanker::query_sequence() {
  const std::string_view query = request().query;
  return std::move(single_sequences(model().tokenizer(), model().bi_encoder().query_prefix,
                                    {&query, 1}, request().max_length, pool_)[0]);
}

SequenceShare BiEncoderRanker::share(std::size_t lead, std::size_t document) const {
  const std::size_t taken = model().tokenizer().special_tokens_in_single() + lead;
  const std::size_t room = request().max_length - std::min(request().max_length, taken);
  return {.document = std::min(document, room)};
}

void BiEncoderRanker::build(const SequenceShare&, std::span<const text::TokenId> lead,
                            std::span<const text::TokenId> document, text::Sequence& out) const {
  std::vector<text::TokenId> text(lead.begin(), lead.end());
  text.insert(text.end(), document.begin(), document.end());
  model().tokenizer().build_single(text, request().max_length, out);
}

double BiEncoderRanker::logit(std::span<const float> row) {
  const double cosine = model::dot(query_.data(), row.data(), query_.size());
  const hub::BiEncoderConfig& config = model().bi_encoder();
  return config.calibration_scale * cosine + config.calibration_bias;
}

std::unique_ptr<Ranker> make_bi_encoder_ranker(const RankRequest& request) {
  return std::make_unique<BiEncoderRanker>(request);
}

}  // namespace podium
