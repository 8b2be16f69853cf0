#include "batch/packed_batch.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace podium::batch
