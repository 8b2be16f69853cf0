#include "engine/ranking.h"

#include <algorithm>
#include <cmath>

namespace podium {

double sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

void order_results(std::vector<RankedDocument>& results, std::size_t top_n, ScoreKind score) {
  const auto better = [](const RankedDocument& a, const RankedDocument& b) {
    if (a.depth != b.depth) return a.depth > b.depth;  // settled early: could not reach the top
    if (a.relevance_score != b.relevance_score) return a.relevance_score > b.relevance_score;
    return a.index < b.index;
  };
  if (top_n > 0 && top_n < results.size()) {
    std::partial_sort(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(top_n),
                      results.end(), better);
    results.resize(top_n);
  } else {
    std::sort(results.begin(), results.end(), better);
  }
  if (score == ScoreKind::logit) return;
  for (RankedDocument& result : results) result.relevance_score = sigmoid(result.relevance_score);
}

}  // namespace podium
