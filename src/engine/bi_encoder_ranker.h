// Query and documents as sequences of their own, each behind its prefix.
#pragma once

#include "base/thread_pool.h"
#include "engine/ranker.h"

namespace podium {

class BiEncoderRanker : public Ranker {
 public:
  explicit BiEncoderRanker(const RankRequest& request) : Ranker(request) {}

 protected:
  std::optional<text::Sequence> query_sequence() override;
  void take_query(std::span<const float> row) override { query_.assign(row.begin(), row.end()); }
  std::string_view lead() const override { return model().bi_encoder().document_prefix; }
  SequenceShare share(std::size_t lead, std::size_t document) const override;
  void build(const SequenceShare& share, std::span<const text::TokenId> lead,
             std::span<const text::TokenId> document, text::Sequence& out) const override;
  // The cosine, calibrated.
  double logit(std::span<const float> row) override;

 private:
  ThreadPool pool_{1};
  std::vector<float> query_;
};

}  // namespace podium
