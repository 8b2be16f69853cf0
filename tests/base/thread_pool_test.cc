#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace podium {
namespace {

class Pools : public testing::TestWithParam<int> {};

TEST_P(Pools, DoEveryItemOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const std::size_t count : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> done(count);
    std::atomic<bool> workers_in_range = true;
    pool.parallel_for(count, [&](std::size_t item, int worker) {
      ++done[item];
      if (worker < 0 || worker >= pool.threads()) workers_in_range = false;
    });
    for (const auto& times : done) EXPECT_EQ(times, 1);
    EXPECT_TRUE(workers_in_range);
  }
}

TEST_P(Pools, GiveEveryWorkerItsOwnNumber) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> inside(static_cast<std::size_t>(GetParam()));
  std::atomic<bool> shared = false;
  pool.parallel_for(2000, [&](std::size_t, int worker) {
    auto& mine = inside[static_cast<std::size_t>(worker)];
    if (mine.fetch_add(1) != 0) shared = true;
    mine.fetch_sub(1);
  });
  EXPECT_FALSE(shared);
}

// What one call wrote, the next one and the caller see: a thousand short calls in a row, some of
// them after the workers have gone to sleep.
TEST_P(Pools, FinishBeforeTheyReturn) {
  ThreadPool pool(GetParam());
  std::vector<int> values(64, 0);
  for (int round = 1; round <= 1000; ++round) {
    if (round % 200 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pool.parallel_for(values.size(), [&](std::size_t item, int) { ++values[item]; });
    for (const int value : values) ASSERT_EQ(value, round);
  }
}

TEST_P(Pools, EndWithoutHavingWorked) { const ThreadPool pool(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Threads, Pools, testing::Values(1, 2, 3, 8));

}  // namespace
}  // namespace podium
