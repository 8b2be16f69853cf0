#include "engine/ranker.h"

#include <algorithm>
#include <functional>

#include "base/thread_pool.h"
#include "engine/document_text.h"
#include "engine/inputs.h"
#include "engine/passages.h"
#include "engine/ranking.h"
#include "engine/stopwatch.h"

namespace podium {

namespace {

constexpr std::size_t kQuery = static_cast<std::size_t>(-1);
// How far tokenizing runs ahead of the computation, in batches: what one request holds in sequences
// does not grow with its documents.
constexpr std::size_t kBatchesAhead = 4;

}  // namespace

Ranker::Ranker(const RankRequest& request)
    : request_(request),
      stream_(request.model.tokenizer()),
      sentences_(request.options.window_end == WindowEnd::line) {
  const Stopwatch stopwatch;
  model().tokenizer().encode(request.query, query_);
  ranking_.usage.query_tokens = query_.ids.size();
  ranking_.timings.tokenize_ms += stopwatch.milliseconds();
}

Result<Ranking> Ranker::rank(DocumentSource& documents, std::size_t expected_tokens,
                             std::size_t total) {
  const Stopwatch stopwatch;
  total_ = total;
  PODIUM_TRY(job_, model().scheduler().open(terms_of(request_.options), expected_tokens));
  if (auto query = query_sequence()) {
    ranking_.usage.total_tokens += query->ids.size();
    query_cut_ = query->truncated;
    PODIUM_CHECK(add(kQuery, *std::move(query)));
  }
  for (std::size_t index = 0;; ++index) {
    PODIUM_TRY(const bool more, documents.next());
    if (!more && index == 0) return no_documents();
    if (!more) break;
    PODIUM_CHECK(read(documents, index));
  }
  PODIUM_CHECK(finish());
  job_.reset();
  order_results(ranking_.results, request_.options.top_n, request_.options.score);
  if (request_.options.passages > 0) {
    PODIUM_CHECK(add_passages(request_, std::move(excerpts_), ranking_));
  }
  ranking_.timings.total_ms = stopwatch.milliseconds();
  ranking_.timings.tokenize_ms =
      std::max(0.0, ranking_.timings.total_ms - ranking_.timings.encode_ms);
  return std::move(ranking_);
}

// Reads a document to its end, or to where no more of it is wanted.
Result<void> Ranker::read(DocumentSource& documents, std::size_t index) {
  const RankOptions& options = request_.options;
  const bool anywhere = options.window_end == WindowEnd::anywhere;
  // By then it is known what of query and document fits into a sequence.
  const std::size_t enough = 2 * request_.max_length + std::max(query_.ids.size(), lead().size());
  ranking_.results.push_back({.index = index, .windows = 0});
  open_.push_back({.index = index});
  stream_.clear();
  cutter_.clear();
  sentences_.clear();
  text_.clear();
  stream_.feed(lead(), cutter_.tokens());
  DocumentText text(documents, index);
  std::optional<WindowRule> rule;
  for (bool finished = false; !finished && !cutter_.is_done();) {
    PODIUM_TRY(const std::string_view part, text.read());
    finished = part.empty();
    if (finished) {
      stream_.finish(cutter_.tokens());
    } else {
      stream_.feed(part, cutter_.tokens());
      if (!anywhere) sentences_.feed(part, cutter_.borders());
      if (options.passages > 0) text_.append(part);
    }
    if (!rule) {
      if (!finished && cutter_.size() <= enough) continue;
      rule = begin_windows();
    }
    if (options.max_document_tokens > 0) finished |= cutter_.cut(options.max_document_tokens);
    while (const auto window = cutter_.next(*rule, finished)) {
      text::Sequence sequence;
      build(share_, lead_ids_, window->ids, sequence);
      RankedDocument& result = ranking_.results[index];
      ++result.windows;
      result.tokens += sequence.ids.size();
      ranking_.usage.total_tokens += sequence.ids.size();
      ++open_.back().waiting;
      if (options.passages > 0) {
        open_.back().windows.push_back(text_.take(window->begin, window->end));
      }
      PODIUM_CHECK(take_window(std::move(sequence)));
    }
  }
  ranking_.results[index].truncated = cutter_.is_cut() || share_.cuts_query || query_cut_;
  open_.back().read = true;
  close_documents();
  return {};
}

// Takes the lead's tokens off the document's. One that holds the blank at the lead's end belongs to
// the document.
WindowRule Ranker::begin_windows() {
  const text::Encoding& tokens = cutter_.tokens();
  std::size_t count = 0;
  while (count < tokens.ids.size() && tokens.offsets[count].end <= lead().size()) ++count;
  lead_ids_.assign(tokens.ids.begin(), tokens.ids.begin() + static_cast<std::ptrdiff_t>(count));
  cutter_.drop_lead(count, lead().size());
  share_ = share(count, cutter_.size());
  return {.room = share_.document,
          .overlap = request_.options.overlap,
          .most = cuts() || share_.document == 0 ? 1 : request_.options.max_windows};
}

Result<void> Ranker::take_window(text::Sequence sequence) {
  return add(document(), std::move(sequence));
}

Result<void> Ranker::finish() {
  flush();
  while (unanswered_ > 0) PODIUM_CHECK(absorb());
  return {};
}

Result<void> Ranker::add(std::size_t id, text::Sequence sequence) {
  pending_tokens_ += sequence.ids.size();
  pending_.push_back({std::move(sequence), id, visit(id == kQuery)});
  if (pending_tokens_ < model().info().batch_tokens) return {};
  flush();
  const std::size_t ahead = kBatchesAhead * model().info().batch_tokens;
  while (job_->waiting_tokens() > ahead) PODIUM_CHECK(absorb());
  return {};
}

void Ranker::flush() {
  unanswered_ += pending_.size();
  job_->add(std::move(pending_));
  pending_.clear();
  pending_tokens_ = 0;
}

Result<void> Ranker::absorb() {
  const std::size_t before = done_;
  PODIUM_TRY(const std::size_t count, collect([&](std::size_t id, std::span<const float> row) {
               if (id == kQuery) {
                 take_query(row);
               } else {
                 score(logit(row), depth());
               }
             }));
  unanswered_ -= count;
  if (done_ > before && request_.options.progress) request_.options.progress(done_, total_);
  return {};
}

Result<void> Ranker::compute(std::vector<Scheduler::Work> work, const Answer& answer) {
  std::size_t missing = work.size();
  job_->add(std::move(work));
  while (missing > 0) {
    PODIUM_TRY(const std::size_t count, collect(answer));
    missing -= count;
  }
  return {};
}

// Waits for the next batch with rows of this request; how many there were.
Result<std::size_t> Ranker::collect(const Answer& answer) {
  const Stopwatch waiting;
  job_->wait();
  ranking_.timings.encode_ms += waiting.milliseconds();
  PODIUM_TRY(const Scheduler::Computed computed, job_->collect());
  const std::size_t width = model().output_size();
  for (std::size_t i = 0; i < computed.ids.size(); ++i) {
    answer(computed.ids[i], std::span(computed.rows).subspan(i * width, width));
  }
  return computed.ids.size();
}

void Ranker::score(double logit, Effort depth) {
  Open& document = open_.front();
  const std::size_t count = request_.options.aggregation == Aggregation::mean
                                ? std::max<std::size_t>(1, request_.options.mean_of)
                                : 1;
  const Scored score{depth, logit};
  auto& best = document.best;
  best.insert(std::ranges::upper_bound(best, score, std::greater<>()), score);
  if (best.size() > count) best.pop_back();
  --document.waiting;
  if (request_.options.passages > 0) {
    document.windows.front().score = logit;
    keep_best(document.excerpts, std::move(document.windows.front()), request_.options.passages);
    document.windows.pop_front();
  }
  close_documents();
}

void Ranker::close_documents() {
  while (!open_.empty() && open_.front().read && open_.front().waiting == 0) {
    Open& document = open_.front();
    const auto shallower = std::ranges::find_if(document.best, [&](const Scored& window) {
      return window.depth != document.best.front().depth;
    });
    double sum = 0;
    for (auto window = document.best.begin(); window != shallower; ++window) sum += window->logit;
    RankedDocument& result = ranking_.results[document.index];
    result.depth = document.best.front().depth;
    result.relevance_score = sum / static_cast<double>(shallower - document.best.begin());
    if (request_.options.passages > 0) excerpts_.push_back(std::move(document.excerpts));
    open_.pop_front();
    ++done_;
  }
}

std::unique_ptr<Ranker> make_ranker(const RankRequest& request) {
  if (request.model.late_interaction() != nullptr) return make_late_interaction_ranker(request);
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
