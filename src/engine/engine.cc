#include "podium/engine.h"

#include <algorithm>

#include "base/utf8.h"
#include "engine/document_text.h"
#include "engine/inputs.h"
#include "engine/listwise_ranker.h"
#include "engine/loaded_model.h"
#include "engine/ranker.h"

namespace podium {

namespace {

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

Result<void> check_instruction(const LoadedModel& model, std::string_view instruction) {
  if (instruction.empty()) return {};
  if (!model.prompt()) {
    return fail(ErrorCode::unsupported, fmt::format("{} takes no instruction", model.info().name),
                "Qwen3-Reranker and mxbai-rerank-v2 do.");
  }
  if (utf8::is_valid(instruction)) return {};
  return fail(ErrorCode::malformed, "the instruction is not valid UTF-8");
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

namespace {

// total: how many documents there are, 0 if that is not known.
Result<Ranking> rank_source(LoadedModel& model, std::string_view query, DocumentSource& documents,
                            const RankOptions& options, std::size_t tokens, std::size_t total) {
  PODIUM_CHECK(check_instruction(model, options.instruction));
  PODIUM_TRY(const std::size_t max_length, checked_max_length(model, options.max_length));
  if ((options.effort == Effort::tiny || options.effort == Effort::turbo) &&
      !model.info().has_depths) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("{} has one depth alone and cannot rank with less effort", model.info().name),
        "Leave the effort out.");
  }
  if (model.is_listwise()) {
    if (options.passages > 0) {
      return fail(
          ErrorCode::unsupported,
          fmt::format("{} reads all documents together and has no passages", model.info().name),
          "Ask for none, or use a cross-encoder or bi-encoder.");
    }
    const auto turn = model.lock();
    return rank_listwise(model, query, documents, options, max_length, total);
  }
  return make_ranker({model, query, options, max_length})->rank(documents, tokens, total);
}

}  // namespace

Result<Ranking> Engine::rank(std::string_view query, std::span<const std::string_view> documents,
                             const RankOptions& options) const {
  PODIUM_CHECK(check_query(query));
  PODIUM_CHECK(check_documents(documents));
  DocumentSpan source(documents);
  return rank_source(*impl_->model, query, source, options,
                     expected_tokens(documents, expected_tokens({&query, 1}, 0)), documents.size());
}

Result<Ranking> Engine::rank(std::string_view query, DocumentSource& documents,
                             const RankOptions& options) const {
  PODIUM_CHECK(check_query(query));
  return rank_source(*impl_->model, query, documents, options, info().batch_tokens, 0);
}

QueueState Engine::queue() const { return impl_->model->scheduler().state(); }

Result<std::vector<float>> Engine::embed(std::span<const std::string_view> texts,
                                         bool query) const {
  LoadedModel& model = *impl_->model;
  if (!model.is_bi_encoder()) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is a cross-encoder: it scores pairs and has no vectors for texts",
                            model.info().name),
                "Use a bi-encoder for embeddings.");
  }
  PODIUM_CHECK(check_documents(texts));
  return embed_texts(model, texts,
                     query ? model.bi_encoder().query_prefix : model.bi_encoder().document_prefix);
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
