#include "engine/ranker.h"

#include <algorithm>

#include "engine/inputs.h"
#include "engine/ranking.h"
#include "engine/stopwatch.h"

namespace podium {

namespace {

constexpr std::size_t kQuery = static_cast<std::size_t>(-1);
// How far tokenizing runs ahead of the computation, in batches: what one request holds in sequences
// does not grow with its documents.
constexpr std::size_t kBatchesAhead = 4;

}  // namespace

Ranker::Ranker(const RankRequest& request) : request_(request) {
  const Stopwatch stopwatch;
  model().tokenizer().encode(request.query, query_);
  ranking_.usage.query_tokens = query_.ids.size();
  ranking_.timings.tokenize_ms += stopwatch.milliseconds();
}

Result<Ranking> Ranker::rank(std::span<const std::string_view> documents) {
  const Stopwatch total;
  PODIUM_TRY(job_, model().scheduler().open(terms_of(request_.options),
                                            expected_tokens(documents, query_.ids.size())));
  ranking_.results.resize(documents.size());
  if (auto query = query_sequence()) {
    ranking_.usage.total_tokens += query->ids.size();
    for (RankedDocument& result : ranking_.results) result.truncated = query->truncated;
    add(kQuery, *std::move(query));
  }
  const std::size_t ahead = kBatchesAhead * model().info().batch_tokens;
  for (std::size_t first = 0; first < documents.size();) {
    const std::size_t count = chunk_size(documents.subspan(first));
    const Stopwatch tokenizing;
    auto chunk = sequences(documents.subspan(first, count));
    ranking_.timings.tokenize_ms += tokenizing.milliseconds();
    for (std::size_t i = 0; i < count; ++i) {
      RankedDocument& result = ranking_.results[first + i];
      result.index = first + i;
      result.tokens = chunk[i].ids.size();
      result.truncated |= chunk[i].truncated;
      ranking_.usage.total_tokens += result.tokens;
      add(first + i, std::move(chunk[i]));
    }
    first += count;
    while (job_->waiting_tokens() > ahead) PODIUM_CHECK(absorb());
  }
  flush();
  while (unanswered_ > 0) PODIUM_CHECK(absorb());
  job_.reset();
  order_results(ranking_.results, request_.options.top_n, request_.options.score);
  ranking_.timings.total_ms = total.milliseconds();
  return std::move(ranking_);
}

void Ranker::add(std::size_t id, text::Sequence sequence) {
  pending_tokens_ += sequence.ids.size();
  pending_.push_back({std::move(sequence), id});
  if (pending_tokens_ >= model().info().batch_tokens) flush();
}

void Ranker::flush() {
  unanswered_ += pending_.size();
  job_->add(std::move(pending_));
  pending_.clear();
  pending_tokens_ = 0;
}

// Waits for the next batch with rows of this request and takes them.
Result<void> Ranker::absorb() {
  const Stopwatch waiting;
  job_->wait();
  ranking_.timings.encode_ms += waiting.milliseconds();
  PODIUM_TRY(const Scheduler::Computed computed, job_->collect());
  const std::size_t width = model().output_size();
  const std::size_t before = done_;
  for (std::size_t i = 0; i < computed.ids.size(); ++i) {
    const auto row = std::span(computed.rows).subspan(i * width, width);
    if (computed.ids[i] == kQuery) {
      take_query(row);
    } else {
      ranking_.results[computed.ids[i]].relevance_score = logit(row);
      ++done_;
    }
  }
  unanswered_ -= computed.ids.size();
  if (done_ > before && request_.options.progress) {
    request_.options.progress(done_, ranking_.results.size());
  }
  return {};
}

std::unique_ptr<Ranker> make_ranker(const RankRequest& request) {
  if (request.model.is_bi_encoder()) return make_bi_encoder_ranker(request);
  if (request.model.prompt()) return make_prompt_ranker(request);
  return make_cross_encoder_ranker(request);
}

Result<std::vector<float>> embed_texts(LoadedModel& model, std::span<const std::string_view> texts,
                                       const std::string& prefix) {
  PODIUM_TRY(const auto job, model.scheduler().open({}, expected_tokens(texts, 0)));
  ThreadPool tokenizing(1);
  const std::size_t width = model.output_size();
  std::vector<float> vectors(texts.size() * width);
  std::size_t unanswered = 0;
  for (std::size_t first = 0; first < texts.size() || unanswered > 0;) {
    if (first < texts.size()) {
      const std::size_t count = chunk_size(texts.subspan(first));
      auto chunk = single_sequences(model.tokenizer(), prefix, texts.subspan(first, count),
                                    model.info().max_length, tokenizing);
      std::vector<Scheduler::Work> work;
      work.reserve(chunk.size());
      for (auto& sequence : chunk) work.push_back({std::move(sequence), first + work.size()});
      job->add(std::move(work));
      first += count;
      unanswered += count;
      if (job->waiting_tokens() < kBatchesAhead * model.info().batch_tokens) continue;
    }
    job->wait();
    PODIUM_TRY(const Scheduler::Computed computed, job->collect());
    for (std::size_t i = 0; i < computed.ids.size(); ++i) {
      std::copy_n(computed.rows.data() + i * width, width,
                  vectors.data() + computed.ids[i] * width);
    }
    unanswered -= computed.ids.size();
  }
  return vectors;
}

}  // namespace podium
