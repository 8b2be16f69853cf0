#include "engine/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace podium {
namespace {

std::vector<RankedDocument> with_logits(const std::vector<double>& logits) {
  std::vector<RankedDocument> results;
  for (const double logit : logits) {
    results.push_back({.index = results.size(), .relevance_score = logit});
  }
  return results;
}

std::vector<std::size_t> order(const std::vector<RankedDocument>& results) {
  std::vector<std::size_t> indices;
  for (const auto& result : results) indices.push_back(result.index);
  return indices;
}

TEST(OrderResults, BestFirstAndTiesByInputOrder) {
  auto results = with_logits({1, 3, 1, 3, -2, 1});
  order_results(results, 0, ScoreKind::logit);
  EXPECT_EQ(order(results), (std::vector<std::size_t>{1, 3, 0, 2, 5, 4}));
}

TEST(OrderResults, TopNIsTheHeadOfTheWholeOrder) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    std::vector<double> logits(1 + random() % 40);
    for (auto& logit : logits) logit = static_cast<double>(random() % 7);
    auto all = with_logits(logits);
    order_results(all, 0, ScoreKind::logit);
    for (const std::size_t n : {std::size_t{1}, logits.size() / 2 + 1, logits.size() + 5}) {
      auto top = with_logits(logits);
      order_results(top, n, ScoreKind::logit);
      ASSERT_EQ(top.size(), std::min(n, logits.size()));
      for (std::size_t i = 0; i < top.size(); ++i) ASSERT_EQ(top[i].index, all[i].index);
    }
  }
}

// Logits whose sigmoids round to the same float must not change places.
TEST(OrderResults, LargeLogitsKeepTheirOrder) {
  auto results = with_logits({30, 31, 60, 50, -800, 800});
  order_results(results, 0, ScoreKind::relevance);
  EXPECT_EQ(order(results), (std::vector<std::size_t>{5, 2, 3, 1, 0, 4}));
  for (const auto& result : results) {
    EXPECT_GE(result.relevance_score, 0);
    EXPECT_LE(result.relevance_score, 1);
  }
}

TEST(Sigmoid, IsTheLogisticFunction) {
  EXPECT_DOUBLE_EQ(sigmoid(0), 0.5);
  EXPECT_NEAR(sigmoid(1.5923), 0.8309, 1e-4);  // jina v2's published example
}

}  // namespace
}  // namespace podium
