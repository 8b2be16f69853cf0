// One ranking in progress: a strategy per kind of model, one file each.
//
// A ranker serves one rank() call on the calling thread: it tokenizes, hands the sequences to the
// scheduler a few batches ahead of the computation, and turns the rows that come back into scores.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "engine/loaded_model.h"
#include "podium/engine.h"

namespace podium {

// What was asked for; `query` and `options` outlive the ranker.
struct RankRequest {
  LoadedModel& model;
  std::string_view query;
  const RankOptions& options;
  std::size_t max_length = 0;  // of a sequence, checked
};

class Ranker {
 public:
  virtual ~Ranker() = default;

  // The results in order. Errors: overloaded, deadline_exceeded, cancelled.
  Result<Ranking> rank(std::span<const std::string_view> documents);

 protected:
  // Counts the query's own tokens.
  explicit Ranker(const RankRequest& request);

  // The sequence that is encoded once for the query, before those of the documents; may be none.
  virtual std::optional<text::Sequence> query_sequence() { return std::nullopt; }
  // The query's row of numbers.
  virtual void take_query(std::span<const float> row) { (void)row; }
  // A sequence for each document.
  virtual std::vector<text::Sequence> sequences(std::span<const std::string_view> documents) = 0;
  // A document's logit from its row.
  virtual double logit(std::span<const float> row) const = 0;

  const RankRequest& request() const { return request_; }
  LoadedModel& model() const { return request_.model; }
  const text::Encoding& query_tokens() const { return query_; }
  // Tokenizing stays on the calling thread: the compute threads are for the sequences.
  ThreadPool& tokenizing() { return tokenizing_; }

 private:
  void add(std::size_t id, text::Sequence sequence);
  void flush();
  Result<void> absorb();

  const RankRequest request_;
  ThreadPool tokenizing_{1};
  text::Encoding query_;
  std::unique_ptr<Scheduler::Job> job_;
  std::vector<Scheduler::Work> pending_;  // not yet handed over
  std::size_t pending_tokens_ = 0;
  std::size_t unanswered_ = 0;  // sequences handed over whose rows are still to come
  std::size_t done_ = 0;        // documents
  Ranking ranking_;
};

// Query and document in one sequence.
std::unique_ptr<Ranker> make_cross_encoder_ranker(const RankRequest& request);
// A vector for the query and one for each document; their cosine, calibrated.
std::unique_ptr<Ranker> make_bi_encoder_ranker(const RankRequest& request);
// A question to a decoder about query and document.
std::unique_ptr<Ranker> make_prompt_ranker(const RankRequest& request);

// The strategy that the request's model needs.
std::unique_ptr<Ranker> make_ranker(const RankRequest& request);

// The vectors of texts, for Engine::embed.
Result<std::vector<float>> embed_texts(LoadedModel& model, std::span<const std::string_view> texts,
                                       const std::string& prefix);

}  // namespace podium
