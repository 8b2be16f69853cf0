#include "engine/scheduler.h"

#include <algorithm>
#include <optional>

namespace podium {

namespace {

using Clock = std::chrono::steady_clock;

Error deadline_exceeded() {
  return {ErrorCode::deadline_exceeded, "the request was not finished before its deadline",
          "Ask for fewer documents at once, or allow more time."};
}

Error cancelled() {
  return {ErrorCode::cancelled, "the request was cancelled before it was finished", ""};
}

}  // namespace

// A job as the scheduler sees it; guarded by its mutex.
struct Scheduler::Queue {
  Terms terms;
  std::uint64_t arrival = 0;
  std::size_t expected_tokens = 0;  // not yet added
  std::deque<Work> waiting;
  std::size_t waiting_tokens = 0;  // added and not computed
  Computed computed;
  std::optional<Error> error;
  std::condition_variable_any changed;

  bool before(const Queue& other) const {
    if (terms.priority != other.terms.priority) return terms.priority < other.terms.priority;
    return arrival < other.arrival;
  }

  // Whether the request has run out of time or interest.
  Result<void> check() const {
    if (error) return tl::unexpected(*error);
    if (terms.cancel.stop_requested()) return tl::unexpected(cancelled());
    if (Clock::now() >= terms.deadline) return tl::unexpected(deadline_exceeded());
    return {};
  }

  void end(Error why) {
    error = std::move(why);
    waiting.clear();
    tell();
  }

  void tell() {
    changed.notify_all();
    if (terms.notify) terms.notify();
  }
};

struct Scheduler::Batch {
  std::vector<std::shared_ptr<Queue>> owners;
  std::vector<Work> work;
  std::vector<float> rows;
  std::size_t tokens = 0;

  void clear() {
    owners.clear();
    work.clear();
    tokens = 0;
  }

  void take(const std::shared_ptr<Queue>& owner) {
    owners.push_back(owner);
    work.push_back(std::move(owner->waiting.front()));
    owner->waiting.pop_front();
    tokens += work.back().sequence.ids.size();
  }
};

Scheduler::Scheduler(const Limits& limits, Compute compute)
    : limits_(limits), compute_(std::move(compute)), thread_([this] { run(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Result<std::unique_ptr<Scheduler::Job>> Scheduler::open(Terms terms, std::size_t expected_tokens) {
  auto queue = std::make_shared<Queue>();
  queue->terms = std::move(terms);
  queue->expected_tokens = expected_tokens;
  const std::lock_guard lock(mutex_);
  if (stopping_) return tl::unexpected(cancelled());
  if (limits_.waiting_tokens > 0 && !clients_.empty() &&
      expected_tokens_ + waiting_tokens_ + expected_tokens > limits_.waiting_tokens) {
    return fail(ErrorCode::overloaded,
                fmt::format("about {} tokens are waiting to be ranked already, which leaves no "
                            "room for {} more",
                            expected_tokens_ + waiting_tokens_, expected_tokens),
                "Try again later, or with fewer documents.");
  }
  queue->arrival = arrivals_++;
  expected_tokens_ += expected_tokens;
  Client& client = clients_[queue->terms.client];
  client.served = std::max(client.served, clock_);
  const auto place =
      std::ranges::find_if(client.jobs, [&](const auto& other) { return queue->before(*other); });
  client.jobs.insert(place, queue);
  return std::unique_ptr<Job>(new Job(*this, std::move(queue)));
}

void Scheduler::enqueue(Queue& queue, std::vector<Work> work) {
  {
    const std::lock_guard lock(mutex_);
    if (queue.error) return;
    Client& client = clients_[queue.terms.client];
    const bool idle =
        std::ranges::all_of(client.jobs, [](const auto& job) { return job->waiting.empty(); });
    // Time spent without work earns nothing.
    if (idle) client.served = std::max(client.served, clock_);
    std::size_t tokens = 0;
    for (Work& item : work) {
      tokens += item.sequence.ids.size();
      queue.waiting.push_back(std::move(item));
    }
    const std::size_t foreseen = std::min(tokens, queue.expected_tokens);
    queue.expected_tokens -= foreseen;
    expected_tokens_ -= foreseen;
    queue.waiting_tokens += tokens;
    waiting_tokens_ += tokens;
  }
  wake_.notify_one();
}

void Scheduler::close(const std::shared_ptr<Queue>& queue) {
  const std::lock_guard lock(mutex_);
  const auto client = clients_.find(queue->terms.client);
  std::erase(client->second.jobs, queue);
  if (client->second.jobs.empty()) clients_.erase(client);
  expected_tokens_ -= queue->expected_tokens;
  waiting_tokens_ -= queue->waiting_tokens;
  queue->waiting_tokens = 0;
  queue->waiting.clear();
  queue->error = cancelled();
  queue->terms.notify = nullptr;
}

QueueState Scheduler::state() const {
  const std::lock_guard lock(mutex_);
  QueueState state;
  for (const auto& [key, client] : clients_) state.requests += client.jobs.size();
  state.waiting_tokens = expected_tokens_ + waiting_tokens_;
  state.tokens_per_second = tokens_per_second_;
  return state;
}

void Scheduler::run() {
  Batch batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    drop_ended();
    batch.clear();
    if (stopping_) break;
    if (!pick(batch)) {
      wake_.wait(lock);
      continue;
    }
    lock.unlock();
    const auto start = Clock::now();
    batch.rows.resize(batch.work.size() * limits_.row_size);
    compute_(batch.work, batch.rows.data());
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    lock.lock();
    // A moving average over about ten batches.
    const double speed = static_cast<double>(batch.tokens) / std::max(seconds, 1e-9);
    tokens_per_second_ += (speed - tokens_per_second_) * (tokens_per_second_ > 0 ? 0.1 : 1);
    scatter(batch);
  }
  for (auto& [key, client] : clients_) {
    for (const auto& job : client.jobs) job->end(cancelled());
  }
}

// Work of a client that hung up or ran out of time is dropped before it is computed.
void Scheduler::drop_ended() {
  for (auto& [key, client] : clients_) {
    for (const auto& job : client.jobs) {
      if (job->error) continue;
      if (auto alive = job->check(); !alive) job->end(std::move(alive).error());
    }
  }
}

// Start-time fair queueing: the next sequence comes from the client that was served least.
bool Scheduler::pick(Batch& batch) {
  struct Candidate {
    Client* client;
    std::size_t job;  // the first that may have work
  };
  std::vector<Candidate> candidates;
  candidates.reserve(clients_.size());
  for (auto& [key, client] : clients_) candidates.push_back({&client, 0});
  for (;;) {
    std::erase_if(candidates, [](Candidate& c) {
      while (c.job < c.client->jobs.size() && c.client->jobs[c.job]->waiting.empty()) ++c.job;
      return c.job == c.client->jobs.size();
    });
    if (candidates.empty()) break;
    const auto next = std::ranges::min_element(candidates, {},
                                               [](const Candidate& c) { return c.client->served; });
    const auto& job = next->client->jobs[next->job];
    const std::size_t length = job->waiting.front().sequence.ids.size();
    if (!batch.work.empty() && batch.tokens + length > limits_.batch_tokens) {
      candidates.erase(next);  // a shorter one of another client may still fit
      continue;
    }
    clock_ = std::max(clock_, next->client->served);
    next->client->served += static_cast<double>(length);
    batch.take(job);
  }
  return !batch.work.empty();
}

void Scheduler::scatter(Batch& batch) {
  for (std::size_t i = 0; i < batch.work.size(); ++i) {
    Queue& owner = *batch.owners[i];
    if (owner.error) continue;
    const std::size_t tokens = batch.work[i].sequence.ids.size();
    owner.waiting_tokens -= tokens;
    waiting_tokens_ -= tokens;
    const float* row = batch.rows.data() + i * limits_.row_size;
    owner.computed.ids.push_back(batch.work[i].id);
    owner.computed.rows.insert(owner.computed.rows.end(), row, row + limits_.row_size);
  }
  std::ranges::sort(batch.owners);
  const auto repeated = std::ranges::unique(batch.owners);
  batch.owners.erase(repeated.begin(), repeated.end());
  for (const auto& owner : batch.owners) owner->tell();
}

Scheduler::Job::~Job() { scheduler_.close(queue_); }

void Scheduler::Job::add(std::vector<Work> work) { scheduler_.enqueue(*queue_, std::move(work)); }

std::size_t Scheduler::Job::waiting_tokens() const {
  const std::lock_guard lock(scheduler_.mutex_);
  return queue_->waiting_tokens;
}

Result<Scheduler::Computed> Scheduler::Job::collect() {
  const std::lock_guard lock(scheduler_.mutex_);
  PODIUM_CHECK(queue_->check());
  return std::exchange(queue_->computed, {});
}

void Scheduler::Job::wait() const {
  std::unique_lock lock(scheduler_.mutex_);
  Queue& queue = *queue_;
  const auto ready = [&] { return queue.error || !queue.computed.ids.empty(); };
  if (queue.terms.deadline == TimePoint::max()) {
    queue.changed.wait(lock, queue.terms.cancel, ready);
  } else {
    queue.changed.wait_until(lock, queue.terms.cancel, queue.terms.deadline, ready);
  }
}

}  // namespace podium
