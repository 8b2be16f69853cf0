// The scheduler alone, with a computation that the test can hold and watch.
#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

namespace podium {
namespace {

using namespace std::chrono_literals;
using Terms = Scheduler::Terms;

text::Sequence sequence(std::size_t length, text::TokenId id) {
  return {std::vector<text::TokenId>(length, id), std::vector<std::uint8_t>(length), false};
}

std::vector<Scheduler::Work> work(std::size_t count, std::size_t length, text::TokenId id) {
  std::vector<Scheduler::Work> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back({sequence(length, id), i});
  return out;
}

// A computation that waits for open() before each batch until release() opens it for good. It
// answers with the first id and remembers the first ids of every batch.
class Gate {
 public:
  Scheduler::Compute compute() {
    return [this](std::span<const Scheduler::Work> batch, float* out) {
      std::unique_lock lock(mutex_);
      std::vector<text::TokenId> ids;
      for (const auto& work : batch) ids.push_back(work.sequence.ids[0]);
      batches_.push_back(ids);
      arrived_.notify_all();
      changed_.wait(lock, [&] { return released_ || opened_ > 0; });
      if (opened_ > 0) --opened_;
      for (const text::TokenId id : ids) *out++ = static_cast<float>(id);
    };
  }
  void open() {
    const std::lock_guard lock(mutex_);
    ++opened_;
    changed_.notify_all();
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void await_batch(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return batches_.size() >= count; });
  }
  std::vector<std::vector<text::TokenId>> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_, arrived_;
  bool released_ = false;
  int opened_ = 0;
  std::vector<std::vector<text::TokenId>> batches_;
};

Result<std::size_t> collect_all(Scheduler::Job& job, std::size_t count) {
  std::size_t got = 0;
  while (got < count) {
    job.wait();
    PODIUM_TRY(const Scheduler::Computed computed, job.collect());
    for (std::size_t i = 0; i < computed.ids.size(); ++i) EXPECT_EQ(computed.ids[i], got + i);
    got += computed.ids.size();
  }
  return got;
}

struct Fixture : testing::Test {
  Gate gate;
  Scheduler scheduler{{.row_size = 1, .batch_tokens = 40, .waiting_tokens = 100000},
                      gate.compute()};

  std::unique_ptr<Scheduler::Job> job(Terms terms, std::size_t expected = 0) {
    auto opened = scheduler.open(std::move(terms), expected);
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
  // Occupies the scheduler with one batch of its own, so that what is added next waits.
  std::unique_ptr<Scheduler::Job> hold() {
    auto first = job({.client = 99});
    first->add(work(1, 1, 99));
    gate.await_batch(1);
    return first;
  }
};

using SchedulerTest = Fixture;

TEST_F(SchedulerTest, RowsComeBackInOrderAndBatchesKeepTheBudget) {
  gate.release();
  const auto mine = job({});
  mine->add(work(101, 7, 3));
  ASSERT_TRUE(collect_all(*mine, 101));
  EXPECT_EQ(mine->waiting_tokens(), 0U);
  for (const auto& batch : gate.batches()) EXPECT_LE(batch.size(), 5U);
}

TEST_F(SchedulerTest, ASequenceBeyondTheBudgetIsABatchOfItsOwn) {
  gate.release();
  const auto mine = job({});
  mine->add(work(3, 41, 3));
  ASSERT_TRUE(collect_all(*mine, 3));
  EXPECT_EQ(gate.batches().size(), 3U);
}

TEST_F(SchedulerTest, AShortRequestDoesNotWaitBehindALongOne) {
  const auto first = hold();
  const auto many = job({.client = 1});
  many->add(work(10000, 4, 1));
  const auto few = job({.client = 2});
  few->add(work(5, 4, 2));
  gate.open();
  gate.open();
  gate.await_batch(3);
  const auto batches = gate.batches();
  EXPECT_EQ(std::ranges::count(batches[1], 2), 5) << "half of the first shared batch";
  EXPECT_EQ(std::ranges::count(batches[1], 1), 5);
  gate.release();
}

TEST_F(SchedulerTest, ClientsAreServedTokenForToken) {
  const auto first = hold();
  const auto long_texts = job({.client = 1});
  long_texts->add(work(100, 16, 1));
  const auto short_texts = job({.client = 2});
  short_texts->add(work(1000, 2, 2));
  for (int i = 0; i < 12; ++i) gate.open();
  gate.await_batch(12);
  std::size_t of_one = 0, of_two = 0;
  for (const auto& batch : gate.batches()) {
    of_one += 16 * static_cast<std::size_t>(std::ranges::count(batch, 1));
    of_two += 2 * static_cast<std::size_t>(std::ranges::count(batch, 2));
  }
  EXPECT_NEAR(static_cast<double>(of_one), static_cast<double>(of_two), 40);
  gate.release();
}

TEST_F(SchedulerTest, AClientThatComesBackHasNotSavedUpTurns) {
  const auto busy = job({.client = 1});
  const auto idle = job({.client = 2});
  busy->add(work(100, 4, 1));
  for (int i = 0; i < 10; ++i) gate.open();
  ASSERT_TRUE(collect_all(*busy, 100));
  const auto other = job({.client = 99});
  other->add(work(1, 1, 99));
  gate.await_batch(11);
  busy->add(work(100, 4, 1));
  idle->add(work(100, 4, 2));
  gate.release();
  ASSERT_TRUE(collect_all(*idle, 100));
  const auto batches = gate.batches();
  EXPECT_NEAR(static_cast<double>(std::ranges::count(batches[11], 1)), 5, 2);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(batches[12], 1)), 5, 2);
}

TEST_F(SchedulerTest, PriorityThenArrivalWithinAClient) {
  const auto first = hold();
  const auto late = job({.client = 1, .priority = 5});
  late->add(work(5, 8, 1));
  const auto urgent = job({.client = 1, .priority = 0});
  urgent->add(work(5, 8, 2));
  const auto second = job({.client = 1, .priority = 0});
  second->add(work(5, 8, 3));
  gate.release();
  ASSERT_TRUE(collect_all(*late, 5));
  const auto batches = gate.batches();
  ASSERT_EQ(batches.size(), 4U);
  EXPECT_EQ(batches[1], std::vector<text::TokenId>(5, 2));
  EXPECT_EQ(batches[2], std::vector<text::TokenId>(5, 3));
  EXPECT_EQ(batches[3], std::vector<text::TokenId>(5, 1));
}

TEST_F(SchedulerTest, WorkOfACancelledRequestIsNeverComputed) {
  const auto first = hold();
  std::stop_source source;
  const auto mine = job({.client = 1, .cancel = source.get_token()});
  mine->add(work(50, 8, 1));
  std::thread caller([&] {
    mine->wait();
    const auto computed = mine->collect();
    ASSERT_FALSE(computed);
    EXPECT_EQ(computed.error().code, ErrorCode::cancelled);
  });
  source.request_stop();
  caller.join();  // while the batch of another is still running
  gate.release();
  ASSERT_TRUE(collect_all(*first, 1));
  const auto other = job({.client = 3});
  other->add(work(1, 1, 3));
  ASSERT_TRUE(collect_all(*other, 1));
  for (const auto& batch : gate.batches()) EXPECT_EQ(std::ranges::count(batch, 1), 0);
}

TEST_F(SchedulerTest, ADeadlineEndsTheWaitAndTheWork) {
  const auto first = hold();
  const auto mine = job({.client = 1, .deadline = std::chrono::steady_clock::now() + 20ms});
  mine->add(work(50, 8, 1));
  mine->wait();
  const auto computed = mine->collect();
  ASSERT_FALSE(computed);
  EXPECT_EQ(computed.error().code, ErrorCode::deadline_exceeded);
  gate.release();
  ASSERT_TRUE(collect_all(*first, 1));
  for (const auto& batch : gate.batches()) EXPECT_EQ(std::ranges::count(batch, 1), 0);
}

TEST_F(SchedulerTest, DroppingAJobDropsItsWork) {
  const auto first = hold();
  {
    const auto mine = job({.client = 1}, 400);
    mine->add(work(50, 8, 1));
    EXPECT_EQ(scheduler.state().requests, 2U);
    EXPECT_EQ(scheduler.state().waiting_tokens, 401U);
  }
  EXPECT_EQ(scheduler.state().requests, 1U);
  EXPECT_EQ(scheduler.state().waiting_tokens, 1U);
  gate.release();
  ASSERT_TRUE(collect_all(*first, 1));
  EXPECT_EQ(scheduler.state().waiting_tokens, 0U);
  EXPECT_GT(scheduler.state().tokens_per_second, 0);
}

TEST_F(SchedulerTest, AFullQueueRefusesButNeverALoneRequest) {
  {
    const auto lone = job({}, 100000);
    const auto refused = scheduler.open({}, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
    EXPECT_FALSE(refused.error().hint.empty());
  }
  const auto a = job({}, 60000);
  const auto b = job({}, 40000);
  EXPECT_FALSE(scheduler.open({}, 1));
}

TEST_F(SchedulerTest, NotifiesWhenThereIsSomethingToCollect) {
  std::atomic<int> told = 0;
  gate.release();
  const auto mine = job({.notify = [&] { ++told; }});
  mine->add(work(10, 8, 1));
  ASSERT_TRUE(collect_all(*mine, 10));
  EXPECT_GE(told, 2);
}

TEST(Scheduler, EndsWithJobsWaiting) {
  Gate gate;
  std::unique_ptr<Scheduler::Job> job;
  {
    Scheduler scheduler({.row_size = 1, .batch_tokens = 8}, gate.compute());
    job = *scheduler.open({}, 0);
    job->add(work(100, 8, 1));
    gate.await_batch(1);
    std::thread end([&] { gate.release(); });
    std::thread waiter([&] {
      for (;;) {
        job->wait();
        const auto computed = job->collect();
        if (!computed) {
          EXPECT_EQ(computed.error().code, ErrorCode::cancelled);
          return;
        }
        if (!computed->ids.empty() && job->waiting_tokens() == 0) return;
      }
    });
    end.join();
    waiter.join();
    job.reset();
  }
}

// Many clients that come and go, cancel and time out: every wait returns, nothing is lost.
TEST(Scheduler, ManyClientsAtOnce) {
  Scheduler scheduler({.row_size = 1, .batch_tokens = 64},
                      [](std::span<const Scheduler::Work> sequences, float* out) {
                        for (const auto& work : sequences)
                          *out++ = static_cast<float>(work.sequence.ids[0]);
                      });
  std::atomic<int> finished = 0, stopped = 0, wrong = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&, client] {
      for (int round = 0; round < 60; ++round) {
        std::stop_source source;
        const auto id = static_cast<text::TokenId>(client * 1000 + round);
        Terms terms{.client = static_cast<std::uint64_t>(client % 3),
                    .priority = round % 2,
                    .cancel = source.get_token()};
        if (round % 5 == 4) terms.deadline = std::chrono::steady_clock::now() + 50us;
        auto job = *scheduler.open(std::move(terms), 10);
        job->add(work(20, 5, id));
        if (round % 7 == 6) source.request_stop();
        std::size_t got = 0;
        while (got < 20) {
          job->wait();
          const auto computed = job->collect();
          if (!computed) break;
          for (const float row : computed->rows) wrong += row != static_cast<float>(id);
          got += computed->ids.size();
        }
        ++(got == 20 ? finished : stopped);
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(finished + stopped, 480);
  EXPECT_GE(finished, 480 - 480 / 5 - 480 / 7 - 8);
  EXPECT_EQ(scheduler.state().requests, 0U);
  EXPECT_EQ(scheduler.state().waiting_tokens, 0U);
}

}  // namespace
}  // namespace podium
