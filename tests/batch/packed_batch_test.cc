#include "batch/packed_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace podium::batch {
namespace {

TEST(PackedBatch, LaysSequencesSideBySide) {
  PackedBatch batch;
  batch.add(std::vector<std::int32_t>{5, 6, 7}, std::vector<std::uint8_t>{0, 0, 1});
  batch.add({}, {});
  batch.add(std::vector<std::int32_t>{8}, std::vector<std::uint8_t>{1});
  EXPECT_EQ(batch.tokens(), 4U);
  EXPECT_EQ(batch.sequences(), 3U);
  EXPECT_EQ(batch.cu_seqlens, (std::vector<std::size_t>{0, 3, 3, 4}));
  EXPECT_EQ(batch.length(1), 0U);
  batch.clear();
  EXPECT_EQ(batch.sequences(), 0U);
}

TEST(PlanBatches, KeepsTheBudgetAndLosesNothing) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::size_t> lengths(random() % 50);
    for (auto& length : lengths) length = random() % 700;
    const std::size_t budget = 1 + random() % 1000;
    std::vector<std::size_t> seen;
    for (const auto& batch : plan_batches(lengths, budget)) {
      std::size_t tokens = 0;
      for (const std::size_t index : batch) tokens += lengths[index];
      EXPECT_TRUE(tokens <= budget || batch.size() == 1);
      EXPECT_FALSE(batch.empty());
      seen.insert(seen.end(), batch.begin(), batch.end());
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), lengths.size());
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST(PlanBatches, TakesTheLongestFirstAndKeepsTheOrderOfEquals) {
  const std::vector<std::size_t> lengths{3, 9, 3, 5};
  const auto batches = plan_batches(lengths, 100);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0], (std::vector<std::size_t>{1, 3, 0, 2}));
}

}  // namespace
}  // namespace podium::batch
