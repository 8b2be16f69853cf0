#include <algorithm>

#include "engine/inputs.h"
#include "engine/ranker.h"

namespace podium {

namespace {

// What the rerank() of jina-reranker-v2 keeps of a query, special tokens around it included.
constexpr std::string_view kJina = "xlm-roberta-flash";
constexpr std::size_t kLongestJinaQuery = 512;

class CrossEncoderRanker final : public Ranker {
 public:
  explicit CrossEncoderRanker(const RankRequest& request)
      : Ranker(request), query_(query_tokens().ids) {
    if (cuts() || model().info().architecture != kJina) return;
    const std::size_t specials = model().tokenizer().special_tokens_in_single();
    query_ = query_.first(std::min(query_.size(), kLongestJinaQuery - specials));
  }

 protected:
  SequenceShare share(std::size_t, std::size_t document) const override {
    const text::Tokenizer& tokenizer = model().tokenizer();
    const std::size_t length = request().max_length;
    std::size_t query = query_.size();
    const bool fits = query + document + tokenizer.special_tokens_in_pair() <= length;
    // Windows leave the query half of a sequence, the special tokens around it included.
    if (!cuts() && !fits) {
      const std::size_t specials = std::min(length / 2, tokenizer.special_tokens_in_single());
      query = std::min(query, std::max<std::size_t>(1, length / 2 - specials));
    }
    const text::PairShare kept = tokenizer.share_in_pair(query, document, length);
    return {kept.query, kept.document, kept.query < query_tokens().ids.size()};
  }

  void build(const SequenceShare& share, std::span<const text::TokenId>,
             std::span<const text::TokenId> document, text::Sequence& out) const override {
    model().tokenizer().build_pair(query_.first(share.query), document, request().max_length, out);
  }

  double logit(std::span<const float> row) override { return static_cast<double>(row[0]); }

 private:
  std::span<const text::TokenId> query_;
};

}  // namespace

std::unique_ptr<Ranker> make_cross_encoder_ranker(const RankRequest& request) {
  return std::make_unique<CrossEncoderRanker>(request);
}

}  // namespace podium
