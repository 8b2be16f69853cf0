#include "engine/document_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <unordered_map>

namespace podium {
namespace {

constexpr std::size_t kBytes = 256 * 1024;

Hash128 name_of(DocumentCache& cache, std::int32_t number, std::uint64_t scope = 0) {
  return cache.name(scope, {&number, 1});
}

// A block that holds nothing but its number.
bool put(DocumentCache& cache, std::int32_t number, std::size_t bytes) {
  std::byte* block = cache.reserve(name_of(cache, number), bytes);
  if (block == nullptr) return false;
  std::memset(block, number % 251, bytes);
  return true;
}

TEST(DocumentCache, FindsWhatItKeptUntilOthersTookItsPlace) {
  DocumentCache cache(kBytes);
  std::mt19937 random(1);
  std::unordered_map<std::int32_t, std::size_t> sizes;
  for (std::int32_t number = 0; number < 2000; ++number) {
    cache.begin();
    sizes[number] = 1 + random() % 20000;
    ASSERT_TRUE(put(cache, number, sizes[number]));
    std::size_t found = 0;
    for (std::int32_t earlier = std::max(0, number - 200); earlier <= number; ++earlier) {
      const std::byte* block = cache.find(name_of(cache, earlier));
      if (block == nullptr) continue;
      ++found;
      EXPECT_EQ(block[0], std::byte(earlier % 251));
      EXPECT_EQ(block[sizes[earlier] - 1], std::byte(earlier % 251));
    }
    EXPECT_GE(found, std::min<std::size_t>(static_cast<std::size_t>(number) + 1, 8));
  }
  EXPECT_EQ(cache.find(name_of(cache, 0)), nullptr);
}

TEST(DocumentCache, WhatIsUsedStays) {
  DocumentCache cache(kBytes);
  put(cache, 7, 5000);
  put(cache, 8, 5000);
  for (std::int32_t number = 100; number < 1000; ++number) {
    cache.begin();
    put(cache, number, 5000);
    cache.refresh(name_of(cache, 7));
    const std::byte* block = cache.find(name_of(cache, 7));
    ASSERT_NE(block, nullptr) << number;
    EXPECT_EQ(block[0], std::byte(7));
    EXPECT_EQ(block[4999], std::byte(7));
  }
  EXPECT_EQ(cache.find(name_of(cache, 8)), nullptr);
}

TEST(DocumentCache, BlocksOfOneBatchDoNotOverwriteEachOther) {
  DocumentCache cache(kBytes);
  put(cache, 1, 200000);
  cache.begin();
  std::int32_t number = 2;
  while (put(cache, number, 30000)) ++number;
  EXPECT_GE(number, 8);
  for (std::int32_t earlier = 2; earlier < number; ++earlier) {
    EXPECT_NE(cache.find(name_of(cache, earlier)), nullptr);
  }
  cache.begin();
  EXPECT_TRUE(put(cache, number, 30000));
}

TEST(DocumentCache, ANameHasOneBlockInItsScope) {
  DocumentCache cache(kBytes);
  EXPECT_TRUE(put(cache, 1, 100));
  EXPECT_FALSE(put(cache, 1, 100));
  EXPECT_EQ(cache.find(name_of(cache, 1, 9)), nullptr);
}

TEST(DocumentCache, OfNoBytesKeepsNothing) {
  DocumentCache cache(0);
  EXPECT_FALSE(put(cache, 1, 100));
  EXPECT_EQ(cache.find(name_of(cache, 1)), nullptr);
  cache.refresh(name_of(cache, 1));
  DocumentCache small(kBytes);
  EXPECT_FALSE(put(small, 1, kBytes + 1));
}

}  // namespace
}  // namespace podium
