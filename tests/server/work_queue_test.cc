#include "server/work_queue.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>

namespace podium::server {
namespace {

using ::testing::ElementsAre;

// A queue with one thread that is held up until the test lets it go on.
class WorkQueueTest : public ::testing::Test {
 protected:
  WorkQueueTest() {
    queue.submit("first", 0, [this] {
      busy.count_down();
      go.wait();
    });
    busy.wait();
  }
  ~WorkQueueTest() override {
    if (!go.try_wait()) go.count_down();
  }

  bool add(const std::string& client, int priority, const std::string& name) {
    return queue.submit(client, priority, [this, name] { done.push_back(name); });
  }

  std::vector<std::string> run_all() {
    std::latch last(1);
    queue.submit("last", 99, [&] { last.count_down(); });
    go.count_down();
    last.wait();
    while (queue.waiting() > 0) std::this_thread::yield();
    std::latch idle(1);  // what was taken before it is done when this runs
    queue.submit("last", 99, [&] { idle.count_down(); });
    idle.wait();
    return done;
  }

  std::latch busy{1};
  std::latch go{1};
  std::vector<std::string> done;  // of the queue's one thread
  WorkQueue queue{1, 100};
};

TEST_F(WorkQueueTest, ClientsTakeTurnsHoweverMuchOneAsks) {
  for (int i = 0; i < 5; ++i) add("many", 0, "many" + std::to_string(i));
  add("few", 0, "few0");
  add("few", 0, "few1");
  EXPECT_THAT(run_all(), ElementsAre("many0", "few0", "many1", "few1", "many2", "many3", "many4"));
}

TEST_F(WorkQueueTest, WithinAClientTheLowerPriorityNumberThenTheEarlier) {
  add("a", 5, "late");
  add("a", 0, "first");
  add("a", 0, "second");
  add("a", -1, "urgent");
  EXPECT_THAT(run_all(), ElementsAre("urgent", "first", "second", "late"));
}

TEST_F(WorkQueueTest, OnlyWhatRunsMakesRoom) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(add("a", 0, "x"));
  EXPECT_EQ(queue.waiting(), 100U);
  EXPECT_FALSE(add("b", -1, "too many"));
  EXPECT_EQ(queue.waiting(), 100U);
  go.count_down();
  while (queue.waiting() > 0) std::this_thread::yield();
  EXPECT_TRUE(add("b", 0, "room again"));
}

TEST(WorkQueue, TheEndRunsWhatWaitsAndReleasesWhatItHeld) {
  const auto held = std::make_shared<int>(0);
  std::atomic<int> ran = 0;
  {
    WorkQueue queue(3, 1000);
    for (int i = 0; i < 1000; ++i) {
      queue.submit(std::to_string(i % 10), i % 3, [held, &ran] { ++ran; });
    }
  }
  EXPECT_EQ(ran, 1000);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace podium::server
