// Everything an engine holds: files, tokenizer, network, threads and buffers.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "batch/packed_batch.h"
#include "engine/interaction_batches.h"
#include "engine/prompt.h"
#include "engine/scheduler.h"
#include "hub/checkpoint.h"
#include "hub/model_config.h"
#include "model/model.h"
#include "podium/engine.h"
#include "text/tokenizer.h"

namespace podium {

class LoadedModel {
 public:
  static Result<std::unique_ptr<LoadedModel>> load(const EngineOptions& options);

  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  const hub::BiEncoderConfig& bi_encoder() const { return config_.bi_encoder; }
  const ModelInfo& info() const { return info_; }
  const std::optional<Prompt>& prompt() const { return prompt_; }  // of decoders
  // The shortest max_length that leaves room for a token of the query and one of the document.
  std::size_t least_length() const;
  bool is_bi_encoder() const { return model_->description().is_bi_encoder; }
  const model::LateInteraction* late_interaction() const { return model_->late_interaction(); }
  // Of one document, which is not to take the place of all others in the document cache.
  std::size_t most_kept_tokens() const { return most_kept_tokens_; }
  bool is_listwise() const { return model_->description().is_listwise; }
  std::size_t output_size() const { return model_->output_size(); }

  // Computes the sequences of rankers and embeddings; output_size() floats a row.
  Scheduler& scheduler() { return *scheduler_; }

  // A listwise model reads whole contexts: whoever holds this lock encodes one at a time.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  // One context of a listwise model; out: a row for each marked token.
  void encode_context(const text::Sequence& context, float* out);

 private:
  LoadedModel(hub::Checkpoint checkpoint, hub::ModelConfig config, text::Tokenizer tokenizer,
              int threads)
      : checkpoint_(std::move(checkpoint)),
        config_(std::move(config)),
        tokenizer_(std::move(tokenizer)),
        pool_(threads) {}

  Result<void> load_network(const EngineOptions& options);
  Result<void> check_tokenizer() const;
  void describe(const kernels::Kernels& kernels);
  void encode(std::span<const Scheduler::Work> work, float* out);

  hub::Checkpoint checkpoint_;
  hub::ModelConfig config_;
  text::Tokenizer tokenizer_;
  ThreadPool pool_;
  std::optional<hub::PackCache> cache_;  // holds weights that the model looks at
  std::unique_ptr<model::Model> model_;
  std::optional<Prompt> prompt_;
  model::Workspace workspace_;
  batch::PackedBatch batch_;
  std::optional<InteractionBatches> visits_;  // of a model with several depths
  std::size_t most_kept_tokens_ = 0;
  ModelInfo info_;
  std::mutex mutex_;
  std::unique_ptr<Scheduler> scheduler_;  // last: its thread uses the rest
};

}  // namespace podium
