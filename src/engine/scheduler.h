// One queue for everything that wants to be computed: the sequences of all requests, packed into
// batches by a token budget, fair between clients.
//
// A request opens a Job, adds sequences and collects rows, all on its own thread. One thread of the
// scheduler picks the batches and runs them; a row depends on its sequence alone, so that it does
// not matter to whom its neighbours belong.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/error.h"
#include "podium/engine.h"
#include "text/tokenizer.h"

namespace podium {

struct Visit;

class Scheduler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Work {
    text::Sequence sequence;
    std::size_t id = 0;  // the job's own name for it
    // Where it stands, if it may be computed in several visits.
    std::shared_ptr<Visit> visit = nullptr;
  };

  // Rows for a batch: out is [batch.size(), row_size]. Called on the scheduler's thread.
  using Compute = std::function<void(std::span<const Work> batch, float* out)>;

  struct Limits {
    std::size_t row_size = 1;
    std::size_t batch_tokens = 0;    // a longer sequence is a batch of its own
    std::size_t waiting_tokens = 0;  // of all jobs; 0: no limit
  };

  // On whose behalf, and until when.
  struct Terms {
    std::uint64_t client = 0;
    int priority = 0;
    TimePoint deadline = TimePoint::max();
    std::stop_token cancel;
    // Called on the scheduler's thread, under its lock, whenever wait() would return.
    std::function<void()> notify;
  };

  // What has been computed: rows is [ids.size(), row_size], in the order the work was added.
  struct Computed {
    std::vector<std::size_t> ids;
    std::vector<float> rows;
  };

  class Job;

  Scheduler(const Limits& limits, Compute compute);
  // Ends the batch that is running; open jobs fail as cancelled.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // A job of about expected_tokens. Errors: overloaded, if others wait and it would not fit.
  Result<std::unique_ptr<Job>> open(Terms terms, std::size_t expected_tokens);

  QueueState state() const;

 private:
  struct Queue;
  // The jobs of one fairness key that are open.
  struct Client {
    double served = 0;                         // tokens, on the common clock
    std::vector<std::shared_ptr<Queue>> jobs;  // by priority, then arrival
  };
  struct Batch;

  void run();
  void enqueue(Queue& queue, std::vector<Work> work);
  void close(const std::shared_ptr<Queue>& queue);
  void drop_ended();
  bool pick(Batch& batch);
  void scatter(Batch& batch);

  const Limits limits_;
  const Compute compute_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::uint64_t, Client> clients_;  // those with open jobs
  double clock_ = 0;                         // what the client served least has been served
  std::uint64_t arrivals_ = 0;
  std::size_t expected_tokens_ = 0;  // of open jobs: not yet added
  std::size_t waiting_tokens_ = 0;   // added and not computed
  double tokens_per_second_ = 0;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the rest
};

// One request's side. Used by one thread; dropping it drops what still waits.
class Scheduler::Job {
 public:
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  void add(std::vector<Work> work);

  // Tokens added and not yet computed.
  std::size_t waiting_tokens() const;

  // What was computed since the last call, maybe nothing. Errors: deadline_exceeded, cancelled.
  Result<Computed> collect();

  // Blocks until collect() has something to say. Not for a job with nothing waiting.
  void wait() const;

 private:
  friend class Scheduler;
  Job(Scheduler& scheduler, std::shared_ptr<Queue> queue)
      : scheduler_(scheduler), queue_(std::move(queue)) {}

  Scheduler& scheduler_;
  std::shared_ptr<Queue> queue_;
};

}  // namespace podium
