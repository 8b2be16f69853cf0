#include "eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace podium::eval {
namespace {

Metrics of(const std::vector<int>& ranked, const std::vector<int>& judged) {
  return measure(ranked, judged);
}

TEST(MetricsOfAQuery, AreOneWhenTheOrderIsIdeal) {
  for (const double value : of({3, 2, 1, 0, 0}, {1, 3, 2, 0})) EXPECT_DOUBLE_EQ(value, 1);
}

TEST(MetricsOfAQuery, MatchAHandComputedRanking) {
  // Ranks 2 and 4 are relevant, with grades 1 and 2; one relevant document (grade 3) is missing.
  const auto [ndcg, mrr, recall_3, recall_10] = of({0, 1, 0, 2}, {0, 1, 2, 3});
  const double gain = 1 / std::log2(3) + 2 / std::log2(5);
  const double ideal = 3 / std::log2(2) + 2 / std::log2(3) + 1 / std::log2(4);
  EXPECT_DOUBLE_EQ(ndcg, gain / ideal);
  EXPECT_NEAR(ndcg, 0.313382, 1e-6);
  EXPECT_DOUBLE_EQ(mrr, 0.5);
  EXPECT_DOUBLE_EQ(recall_3, 1.0 / 3);
  EXPECT_DOUBLE_EQ(recall_10, 2.0 / 3);
}

TEST(MetricsOfAQuery, SeeTenRanksAndNoMore) {
  std::vector<int> ranked(10, 0);
  ranked.push_back(1);  // rank 11
  for (const double value : of(ranked, {1})) EXPECT_EQ(value, 0);
  std::swap(ranked[9], ranked[10]);
  const auto [ndcg, mrr, recall_3, recall_10] = of(ranked, {1});
  EXPECT_DOUBLE_EQ(ndcg, 1 / std::log2(11));
  EXPECT_DOUBLE_EQ(mrr, 0.1);
  EXPECT_EQ(recall_3, 0);
  EXPECT_EQ(recall_10, 1);
}

TEST(MetricsOfAQuery, CutTheIdealAtTenButNotTheRecall) {
  const std::vector<int> twelve(12, 1);
  const auto [ndcg, mrr, recall_3, recall_10] = of(twelve, twelve);
  EXPECT_DOUBLE_EQ(ndcg, 1);
  EXPECT_DOUBLE_EQ(mrr, 1);
  EXPECT_DOUBLE_EQ(recall_3, 0.25);
  EXPECT_DOUBLE_EQ(recall_10, 10.0 / 12);
}

TEST(MetricsOfAQuery, TakeNegativeGradesForNone) {
  EXPECT_EQ(of({-2, 1}, {1, -2}), of({0, 1}, {1, 0}));
}

TEST(MetricsOfAQuery, AreZeroForNoCandidates) {
  for (const double value : of({}, {1})) EXPECT_EQ(value, 0);
}

}  // namespace
}  // namespace podium::eval
