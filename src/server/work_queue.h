// A bounded queue of work before a fixed number of threads, shared fairly: clients take turns, and
// within one client the lower priority number goes first, then the earlier job. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace podium::server {

class WorkQueue {
 public:
  using Job = std::function<void()>;  // must not throw

  WorkQueue(int threads, std::size_t capacity);
  ~WorkQueue();  // runs what waits, then ends
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False: as many wait as may.
  bool submit(const std::string& client, std::int64_t priority, Job job);

  std::size_t waiting() const;
  bool is_full() const { return waiting() >= capacity_; }

 private:
  void work();

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::multimap<std::int64_t, Job>> waiting_;  // none of them empty
  std::deque<std::string> turns_;  // clients with waiting jobs, whose turn is next first
  std::size_t count_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace podium::server
