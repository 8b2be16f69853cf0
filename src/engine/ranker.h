// One ranking in progress: a strategy per kind of model, one file each.
//
// A ranker serves one rank() call on the calling thread: it reads the documents one by one,
// tokenizes them in pieces, hands their windows to the scheduler a few batches ahead of the
// computation, and turns the rows that come back into scores. What it holds does not grow with the
// documents.
#pragma once

#include <compare>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/excerpt.h"
#include "engine/loaded_model.h"
#include "engine/windows.h"
#include "podium/engine.h"
#include "text/sentences.h"
#include "text/token_stream.h"

namespace podium {

// What was asked for; `query` and `options` outlive the ranker.
struct RankRequest {
  LoadedModel& model;
  std::string_view query;
  const RankOptions& options;
  std::size_t max_length = 0;  // of a sequence, checked
};

// How many tokens of query and document stand in one sequence.
struct SequenceShare {
  std::size_t query = 0;
  std::size_t document = 0;
  bool cuts_query = false;
};

class Ranker {
 public:
  virtual ~Ranker() = default;

  // The results in order. expected_tokens is what the queue is told; total (0: unknown) what
  // progress is told. Errors: overloaded, deadline_exceeded, cancelled, no documents, those of the
  // source.
  Result<Ranking> rank(DocumentSource& documents, std::size_t expected_tokens, std::size_t total);

 protected:
  // Counts the query's own tokens.
  explicit Ranker(const RankRequest& request);

  // The sequence that is encoded once for the query, before those of the documents; may be none.
  virtual std::optional<text::Sequence> query_sequence() { return std::nullopt; }
  // The query's row of numbers.
  virtual void take_query(std::span<const float> row) { (void)row; }
  // What stands in front of a document, tokenized as one text with it.
  virtual std::string_view lead() const { return {}; }
  // What fits into a sequence of a document of that many tokens, or more, behind `lead` tokens.
  virtual SequenceShare share(std::size_t lead, std::size_t document) const = 0;
  // The sequence of a stretch of a document; it is repeated for each, as is the lead.
  virtual void build(const SequenceShare& share, std::span<const text::TokenId> lead,
                     std::span<const text::TokenId> document, text::Sequence& out) const = 0;
  // A window's logit from its row.
  virtual double logit(std::span<const float> row) = 0;
  // How deep a row was read.
  virtual Effort depth() const { return Effort::full; }
  // What a sequence's work carries with it besides its tokens.
  virtual std::shared_ptr<Visit> visit(bool of_query) {
    (void)of_query;
    return nullptr;
  }
  // Takes a window over; its score is to come, after those of the windows before it.
  virtual Result<void> take_window(text::Sequence sequence);
  // The last window was taken over.
  virtual Result<void> finish();

  using Answer = std::function<void(std::size_t id, std::span<const float> row)>;
  // Has work of a strategy's own computed, and waits for it.
  Result<void> compute(std::vector<Scheduler::Work> work, const Answer& answer);
  // The score of the window that has waited longest, and the depth it was read to.
  void score(double logit, Effort depth);

  const RankRequest& request() const { return request_; }
  LoadedModel& model() const { return request_.model; }
  const text::Encoding& query_tokens() const { return query_; }
  Usage& usage() { return ranking_.usage; }
  // The document that is being read.
  std::size_t document() const { return ranking_.results.size() - 1; }
  // Its tokens so far, those of the newest window included.
  std::size_t document_tokens() const { return ranking_.results.back().tokens; }
  // Whether the model's own rule of cutting holds, not that of windows.
  bool cuts() const { return request_.options.aggregation == Aggregation::first; }

 private:
  struct Scored {
    Effort depth = Effort::full;
    double logit = 0;
    // Of windows that were read less deep it is known that they are worse.
    auto operator<=>(const Scored&) const = default;
  };
  // A document whose windows are not all computed.
  struct Open {
    std::size_t index = 0;
    std::size_t waiting = 0;        // windows handed over
    bool read = false;              // to its end
    std::vector<Scored> best;       // of its windows, best first, as many as count
    std::deque<Excerpt> windows;    // those handed over, if passages are asked for
    std::vector<Excerpt> excerpts;  // the best that are scored
  };

  Result<void> read(DocumentSource& documents, std::size_t index);
  WindowRule begin_windows();
  Result<void> add(std::size_t id, text::Sequence sequence);
  void flush();
  Result<void> absorb();
  Result<std::size_t> collect(const Answer& answer);
  void close_documents();

  const RankRequest request_;
  text::Encoding query_;
  text::TokenStream stream_;
  WindowCutter cutter_;
  text::SentenceScanner sentences_;
  std::vector<text::TokenId> lead_ids_;
  SequenceShare share_;  // of the document that is being read
  TrailingText text_;
  std::vector<std::vector<Excerpt>> excerpts_;  // of all documents, if passages are asked for

  std::unique_ptr<Scheduler::Job> job_;
  std::vector<Scheduler::Work> pending_;  // not yet handed over
  std::size_t pending_tokens_ = 0;
  std::size_t unanswered_ = 0;  // sequences handed over whose rows are still to come
  std::deque<Open> open_;       // in the order of the documents, and of the rows
  std::size_t done_ = 0;        // documents
  std::size_t total_ = 0;
  bool query_cut_ = false;
  Ranking ranking_;
};

// Query and document in one sequence.
std::unique_ptr<Ranker> make_cross_encoder_ranker(const RankRequest& request);
// A vector for the query and one for each document; their cosine, calibrated.
std::unique_ptr<Ranker> make_bi_encoder_ranker(const RankRequest& request);
// A query whose tokens look for matches among a document's, at several depths.
std::unique_ptr<Ranker> make_late_interaction_ranker(const RankRequest& request);
// A question to a decoder about query and document.
std::unique_ptr<Ranker> make_prompt_ranker(const RankRequest& request);

// The strategy that the request's model needs.
std::unique_ptr<Ranker> make_ranker(const RankRequest& request);

// The vectors of texts, for Engine::embed.
Result<std::vector<float>> embed_texts(LoadedModel& model, std::span<const std::string_view> texts,
                                       const std::string& prefix);

}  // namespace podium
