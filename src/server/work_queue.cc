#include "server/work_queue.h"

#include <utility>

namespace podium::server {

WorkQueue::WorkQueue(int threads, std::size_t capacity) : capacity_(capacity) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkQueue::~WorkQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkQueue::submit(const std::string& client, std::int64_t priority, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (count_ >= capacity_) return false;
    auto& jobs = waiting_[client];
    if (jobs.empty()) turns_.push_back(client);
    jobs.emplace(priority, std::move(job));
    ++count_;
  }
  wake_.notify_one();
  return true;
}

std::size_t WorkQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void WorkQueue::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || count_ > 0; });
    if (count_ == 0) return;
    std::string client = std::move(turns_.front());
    turns_.pop_front();
    const auto place = waiting_.find(client);
    Job job = std::move(place->second.extract(place->second.begin()).mapped());
    --count_;
    if (place->second.empty()) {
      waiting_.erase(place);
    } else {
      turns_.push_back(std::move(client));
    }
    lock.unlock();
    job();
    job = {};  // what it holds is released outside the lock
    lock.lock();
  }
}

}  // namespace podium::server
