// Executes what a dialect has read: picks the model, computes each different document once, asks
// the engine for what no cache holds, and lays the results out as the request wants them. Blocks
// while the engine ranks. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "server/api/dialect.h"
#include "server/models.h"
#include "server/score_cache.h"

namespace podium::server {

// For whom and until when.
struct Caller {
  std::string client;  // who shares fairly with others: the key, or the connection without keys
  std::string key;     // whose scores may be reused: the key's id
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token abandoned;
};

struct Outcome {
  std::shared_ptr<const LoadedModel> model;
  std::vector<Ranking> rankings;  // one a job
  std::size_t documents = 0;      // asked for
  std::size_t computed = 0;       // by the engine; the others were repeated or known
};

class Service {
 public:
  struct Limits {
    std::size_t documents = 100'000;
    std::size_t cached_scores = 100'000;
    bool shared_cache = false;
  };

  Service(const ModelRegistry& models, const Limits& limits);

  Parsed<Outcome> rank(const Call& call, const Caller& caller);

 private:
  Parsed<Ranking> rank_job(const Call& call, const Job& job, const Caller& caller,
                           const LoadedModel& model, std::size_t& computed);

  const ModelRegistry& models_;
  const Limits limits_;
  ScoreCache cache_;
};

}  // namespace podium::server
