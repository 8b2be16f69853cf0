// Compute threads. parallel_for cuts [0, count) into single items that the workers take in turn;
// results must not depend on which worker takes which item.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace podium {

class ThreadPool {
 public:
  // `threads` >= 1, the calling thread included: a pool of one starts no thread.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(item, worker) for every item, worker in [0, threads()), and returns when all are
  // done. One call at a time: the owner serialises callers. `body` must not throw.
  template <class F>
  void parallel_for(std::size_t count, F&& body) {
    run(
        count,
        [](void* context, std::size_t item, int worker) {
          (*static_cast<std::remove_reference_t<F>*>(context))(item, worker);
        },
        &body);
  }

 private:
  using Body = void (*)(void* context, std::size_t item, int worker);
  void run(std::size_t count, Body body, void* context);
  void work(int worker);
  void take_items(int worker);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::uint64_t> generation_{
      0};                     // counts parallel_for calls; workers wait for the next
  std::atomic<int> busy_{0};  // workers that have not finished this generation
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::size_t count_ = 0;
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::vector<std::thread> workers_;
};

}  // namespace podium
