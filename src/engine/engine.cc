#include "podium/engine.h"

#include <chrono>
#include <numeric>

#include "base/utf8.h"
#include "engine/inputs.h"
#include "engine/listwise_ranker.h"
#include "engine/loaded_model.h"
#include "engine/ranking.h"

namespace podium {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// One ranking in progress: the same steps for both kinds of model, chunk by chunk.
class Ranker {
 public:
  Ranker(LoadedModel& model, std::string_view query, const RankOptions& options,
         std::size_t documents, std::size_t max_length)
      : model_(model), text_(query), options_(options), max_length_(max_length), total_(documents) {
    const auto start = Clock::now();
    model_.tokenizer().encode(query, query_);
    ranking_.usage.query_tokens = query_.ids.size();
    ranking_.results.reserve(documents);
    if (model_.is_bi_encoder()) encode_query(query);
    ranking_.timings.tokenize_ms = milliseconds_since(start) - ranking_.timings.encode_ms;
  }

  void add(std::span<const std::string_view> documents) {
    const auto start = Clock::now();
    const auto sequences =
        model_.is_bi_encoder()
            ? single_sequences(model_.tokenizer(), model_.bi_encoder().document_prefix, documents,
                               max_length_, model_.pool())
        : model_.prompt()
            ? model_.prompt()->sequences(model_.tokenizer(), text_, documents, max_length_,
                                         model_.pool())
            : pair_sequences(model_.tokenizer(), query_.ids, documents, max_length_, model_.pool());
    ranking_.timings.tokenize_ms += milliseconds_since(start);
    std::vector<float> outputs(sequences.size() * model_.output_size());
    encode(sequences, outputs.data(), true);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      ranking_.results.push_back({.index = ranking_.results.size(),
                                  .relevance_score = logit(&outputs[i * model_.output_size()]),
                                  .tokens = sequences[i].ids.size(),
                                  .truncated = sequences[i].truncated || query_truncated_});
    }
  }

  Ranking finish() {
    order_results(ranking_.results, options_.top_n, options_.score);
    return std::move(ranking_);
  }

 private:
  void encode_query(std::string_view query) {
    const auto sequences = single_sequences(model_.tokenizer(), model_.bi_encoder().query_prefix,
                                            {&query, 1}, max_length_, model_.pool());
    query_vector_.resize(model_.output_size());
    query_truncated_ = sequences[0].truncated;
    encode(sequences, query_vector_.data(), false);
  }

  void encode(std::span<const text::Sequence> sequences, float* out, bool documents) {
    const auto start = Clock::now();
    for (const auto& sequence : sequences) ranking_.usage.total_tokens += sequence.ids.size();
    model_.encode(sequences, out, [&](std::size_t count) {
      if (!documents) return;
      done_ += count;
      if (options_.progress) options_.progress(done_, total_);
    });
    ranking_.timings.encode_ms += milliseconds_since(start);
  }

  double logit(const float* output) const {
    if (!model_.is_bi_encoder()) return static_cast<double>(*output);
    double cosine = 0;
    for (std::size_t i = 0; i < query_vector_.size(); ++i) {
      cosine += static_cast<double>(query_vector_[i]) * static_cast<double>(output[i]);
    }
    const hub::BiEncoderConfig& config = model_.bi_encoder();
    return config.calibration_scale * cosine + config.calibration_bias;
  }

  LoadedModel& model_;
  std::string_view text_;  // of the query
  const RankOptions& options_;
  std::size_t max_length_;
  std::size_t total_;
  std::size_t done_ = 0;
  text::Encoding query_;
  std::vector<float> query_vector_;
  bool query_truncated_ = false;
  Ranking ranking_;
};

Result<std::size_t> checked_max_length(const LoadedModel& model, std::size_t asked) {
  if (asked == 0) return model.info().max_length;
  const std::size_t least = model.least_length();
  if (asked < least || asked > model.info().max_length) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("max_length {} is outside what {} takes: {} to {} tokens", asked,
                            model.info().name, least, model.info().max_length),
                "Leave it out to use the model's own limit.");
  }
  return asked;
}

}  // namespace

struct Engine::Impl {
  std::unique_ptr<LoadedModel> model;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

const ModelInfo& Engine::info() const { return impl_->model->info(); }

Result<Engine> Engine::load(const EngineOptions& options) {
  auto impl = std::make_unique<Impl>();
  PODIUM_TRY(impl->model, LoadedModel::load(options));
  return Engine(std::move(impl));
}

Result<Ranking> Engine::rank(std::string_view query, std::span<const std::string_view> documents,
                             const RankOptions& options) const {
  const auto start = Clock::now();
  PODIUM_CHECK(check_texts(query, documents));
  PODIUM_TRY(const std::size_t max_length, checked_max_length(*impl_->model, options.max_length));
  const auto lock = impl_->model->lock();
  if (impl_->model->is_listwise()) {
    return rank_listwise(*impl_->model, query, documents, options, max_length);
  }
  Ranker ranker(*impl_->model, query, options, documents.size(), max_length);
  while (!documents.empty()) {
    const std::size_t count = chunk_size(documents);
    ranker.add(documents.first(count));
    documents = documents.subspan(count);
  }
  Ranking ranking = ranker.finish();
  ranking.timings.total_ms = milliseconds_since(start);
  return ranking;
}

Result<std::vector<float>> Engine::embed(std::span<const std::string_view> texts,
                                         bool query) const {
  LoadedModel& model = *impl_->model;
  if (!model.is_bi_encoder()) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is a cross-encoder: it scores pairs and has no vectors for texts",
                            model.info().name),
                "Use a bi-encoder for embeddings.");
  }
  PODIUM_CHECK(check_texts("-", texts));
  const auto lock = model.lock();
  const auto& prefix = query ? model.bi_encoder().query_prefix : model.bi_encoder().document_prefix;
  const auto sequences =
      single_sequences(model.tokenizer(), prefix, texts, model.info().max_length, model.pool());
  std::vector<float> vectors(texts.size() * model.output_size());
  model.encode(sequences, vectors.data(), {});
  return vectors;
}

Result<std::vector<TokenSpan>> Engine::tokenize(std::string_view text) const {
  const text::Tokenizer& tokenizer = impl_->model->tokenizer();
  text::Encoding encoding;
  tokenizer.encode(text, encoding);
  text::Sequence sequence;
  tokenizer.build_single(encoding.ids, 0, sequence);
  // The template stands around the text, so the text's tokens are one run inside the sequence.
  const std::size_t specials = sequence.ids.size() - encoding.ids.size();
  std::size_t first = 0;
  while (first < specials &&
         !std::equal(encoding.ids.begin(), encoding.ids.end(),
                     sequence.ids.begin() + static_cast<std::ptrdiff_t>(first))) {
    ++first;
  }
  std::vector<TokenSpan> spans(sequence.ids.size());
  std::size_t byte = 0;
  std::size_t character = 0;
  const auto characters_to = [&](std::size_t target) {
    for (; byte < target; ++character) byte += utf8::decode(text, byte).length;
    return character;
  };
  for (std::size_t i = 0; i < spans.size(); ++i) {
    spans[i].id = sequence.ids[i];
    spans[i].piece = tokenizer.piece(sequence.ids[i]);
    if (i < first || i >= first + encoding.ids.size()) continue;
    const text::Offset offset = encoding.offsets[i - first];
    spans[i].begin = characters_to(offset.begin);
    spans[i].end = characters_to(offset.end);
  }
  return spans;
}

}  // namespace podium
