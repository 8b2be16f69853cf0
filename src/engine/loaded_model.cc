#include "engine/loaded_model.h"

#include <algorithm>

#include "base/cpu_count.h"
#include "base/hash.h"
#include "engine/listwise_ranker.h"
#include "engine/precision.h"
#include "hub/builtin_model.h"
#include "hub/locate.h"
#include "podium/podium.h"

namespace podium {

namespace {

constexpr std::size_t kDefaultBatchTokens = 4096;

// A document may have a twelfth of the cache, at about 680 bytes a token.
constexpr std::size_t kCacheBytesPerKeptToken = 8192;

Result<hub::Checkpoint> open_checkpoint(const std::string& model) {
  if (model.empty()) return hub::Checkpoint::open(hub::builtin_model());
  PODIUM_TRY(const std::filesystem::path directory, hub::locate_model(model));
  return hub::Checkpoint::open(directory);
}

}  // namespace

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(const EngineOptions& options) {
  if (options.threads < 0) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("threads must not be negative, but is {}", options.threads),
                "Leave it out to use all processors.");
  }
  PODIUM_TRY(hub::Checkpoint checkpoint, open_checkpoint(options.model));
  PODIUM_TRY(hub::ModelConfig config, hub::read_model_config(checkpoint));
  PODIUM_TRY(text::Tokenizer tokenizer,
             text::Tokenizer::from_json(checkpoint.tokenizer_json(), options.special_tokens));
  const int threads = options.threads > 0 ? options.threads : usable_cpus();
  std::unique_ptr<LoadedModel> loaded(
      new LoadedModel(std::move(checkpoint), std::move(config), std::move(tokenizer), threads));
  PODIUM_CHECK(loaded->load_network(options));
  return loaded;
}

Result<void> LoadedModel::load_network(const EngineOptions& options) {
  PODIUM_TRY(const kernels::Kernels* kernels, kernels::choose());
  PODIUM_TRY(const PrecisionChoice choice, choose_precision(options, checkpoint_, *kernels));
  cache_.emplace(Hash()
                     .add(checkpoint_.fingerprint())
                     .add(PODIUM_VERSION)
                     .add(kernels->name)
                     .add(kernels::to_string(choice.precision))
                     .value());
  const auto token_id = [this](std::string_view piece) { return tokenizer_.id_of(piece); };
  PODIUM_TRY(model_, model::load_model({checkpoint_, config_, *kernels, pool_, choice.precision,
                                        &*cache_, token_id}));
  PODIUM_TRY(prompt_, Prompt::make(model_->description().architecture, tokenizer_));
  cache_->save();
  checkpoint_.drop_pages();
  PODIUM_CHECK(check_tokenizer());
  info_.max_length = model_->description().max_length;
  if (config_.tokenizer_max_length > 0) {
    info_.max_length = std::min(info_.max_length, config_.tokenizer_max_length);
  }
  if (info_.max_length < least_length()) {
    return fail(ErrorCode::malformed,
                fmt::format("{} takes at most {} tokens, too few for a query and a document",
                            checkpoint_.name(), info_.max_length),
                "Check max_position_embeddings and model_max_length.");
  }
  info_.batch_tokens = std::max(
      options.batch_tokens > 0 ? options.batch_tokens : kDefaultBatchTokens, info_.max_length);
  if (late_interaction() != nullptr) {
    visits_.emplace(*late_interaction(), options.document_cache_bytes);
    most_kept_tokens_ = options.document_cache_bytes / kCacheBytesPerKeptToken;
  }
  workspace_ = model_->make_workspace(info_.batch_tokens, info_.max_length, pool_.threads());
  describe(*kernels);
  info_.precision = kernels::to_string(choice.precision);
  info_.certificate = choice.certificate;
  scheduler_ = std::make_unique<Scheduler>(
      Scheduler::Limits{.row_size = model_->output_size(),
                        .batch_tokens = info_.batch_tokens,
                        .waiting_tokens = options.max_waiting_tokens},
      [this](std::span<const Scheduler::Work> work, float* out) { encode(work, out); });
  return {};
}

// Ids and types index embedding tables without a check later, so they are checked here.
Result<void> LoadedModel::check_tokenizer() const {
  if (tokenizer_.vocab_size() > config_.vocab_size) {
    return fail(
        ErrorCode::malformed,
        fmt::format("tokenizer.json of {} has ids up to {}, but config.json says vocab_size {}",
                    checkpoint_.name(), tokenizer_.vocab_size() - 1, config_.vocab_size),
        "The tokenizer belongs to another model.");
  }
  const text::TokenId one = 0;
  text::Sequence sequence;
  tokenizer_.build_pair({&one, 1}, {&one, 1}, 0, sequence);
  const std::size_t largest = *std::max_element(sequence.type_ids.begin(), sequence.type_ids.end());
  const std::size_t types = model_->description().token_types;
  if (types > 0 && largest >= types) {
    return fail(ErrorCode::malformed,
                fmt::format("tokenizer.json of {} uses token type {}, but config.json says "
                            "type_vocab_size {}",
                            checkpoint_.name(), largest, types),
                "The tokenizer belongs to another model.");
  }
  return {};
}

void LoadedModel::describe(const kernels::Kernels& kernels) {
  const model::Description& found = model_->description();
  info_.name = config_.display_name.empty() ? checkpoint_.name() : config_.display_name;
  info_.architecture = found.architecture;
  info_.has_depths = late_interaction() != nullptr;
  info_.head = found.is_listwise     ? "listwise"
               : info_.has_depths    ? "late-interaction"
               : found.is_bi_encoder ? "bi-encoder"
                                     : "cross-encoder";
  info_.weights = found.weights;
  info_.tokenizer = tokenizer_.describe();
  info_.isa = kernels.name;
  info_.parameters = found.parameters;
  info_.hidden_size = config_.hidden_size;
  info_.num_hidden_layers = config_.num_hidden_layers;
  info_.num_attention_heads = config_.num_attention_heads;
  info_.intermediate_size = config_.intermediate_size;
  info_.vocab_size = config_.vocab_size;
  info_.weight_bytes = found.weight_bytes;
  info_.mapped_bytes = found.mapped_bytes;
  info_.tokenizer_bytes = tokenizer_.memory_bytes();
  info_.workspace_bytes = workspace_.bytes();
  info_.threads = pool_.threads();
}

// One batch; on the scheduler's thread.
void LoadedModel::encode(std::span<const Scheduler::Work> work, float* out) {
  if (visits_) return visits_->encode(work, batch_, workspace_, pool_, out);
  batch_.clear();
  for (const auto& [sequence, id, visit] : work) batch_.add(sequence.ids, sequence.type_ids);
  model_->forward(batch_, workspace_, pool_, out);
}

std::size_t LoadedModel::least_length() const {
  if (is_listwise()) return listwise_prompt_tokens(tokenizer_) + 64;
  return (prompt_ ? prompt_->size() : tokenizer_.special_tokens_in_pair()) + 2;
}

void LoadedModel::encode_context(const text::Sequence& context, float* out) {
  batch_.clear();
  batch_.add(context.ids, context.type_ids);
  model_->forward(batch_, workspace_, pool_, out);
}

}  // namespace podium
