// A loaded network: packed batch in, one row of numbers per sequence out.
//
// Models are immutable; forward() may not run twice at once on one workspace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/aligned_buffer.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "batch/packed_batch.h"
#include "hub/checkpoint.h"
#include "hub/model_config.h"
#include "hub/pack_cache.h"
#include "kernels/kernels.h"

namespace podium::model {

class LateInteraction;

// What the loader found; the sizes are those of config.json, checked against the tensors.
struct Description {
  std::string architecture;  // registry name
  bool is_bi_encoder = false;
  bool is_listwise = false;      // a sequence holds many documents, and a row stands for each mark
  std::string weights;           // stored types in the order met, e.g. "q4_0 + f32"
  std::uint64_t parameters = 0;  // of the tensors read
  std::size_t weight_bytes = 0;  // packed for the kernels
  std::size_t mapped_bytes = 0;  // read in place
  std::size_t max_length = 0;    // longest sequence by the position table
  std::size_t token_types = 0;   // types with an embedding; 0: types are ignored
};

// Keys and values of tokens that many sequences begin with, kept from batch to batch: per layer
// [capacity, key and value width], keys first.
struct Prefix {
  std::vector<std::int32_t> ids;
  std::size_t capacity = 0;
  std::vector<AlignedBuffer<float>> layers;
};

// Everything forward() writes to, allocated once: it bounds the memory of ranking.
struct Workspace {
  AlignedBuffer<float> states;                // [max_tokens, hidden_size]
  AlignedBuffer<float> query_key_value;       // [max_tokens, 3 * hidden_size]
  std::vector<AlignedBuffer<float>> scratch;  // one per worker
  Prefix prefix;                              // of decoders
  std::size_t bytes() const;
};

class Model {
 public:
  virtual ~Model() = default;

  // Floats per sequence that forward() writes: 1 (the logit) for a cross-encoder, hidden_size (the
  // unit-length vector) for a bi-encoder.
  virtual std::size_t output_size() const = 0;

  // A workspace for batches of up to max_tokens tokens in sequences of up to max_length.
  virtual Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                                   int workers) const = 0;

  // out: [batch.sequences(), output_size()]; of a listwise model a row for each marked token.
  // Sequences are not empty, ids are in the vocabulary, and the batch fits the workspace: the
  // engine sees to that.
  virtual void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
                       float* out) const = 0;

  virtual const Description& description() const = 0;

  // What compares query and passages at several depths, if this model does.
  virtual const LateInteraction* late_interaction() const { return nullptr; }
};

// What an architecture needs to build itself.
struct LoadContext {
  const hub::Checkpoint& checkpoint;
  const hub::ModelConfig& config;
  const kernels::Kernels& kernels;
  ThreadPool& pool;
  kernels::Precision precision = kernels::Precision::fp32;  // one that the kernels have
  hub::PackCache* cache = nullptr;  // of this checkpoint, these kernels and that precision; or none
  // The id of a token as the vocabulary spells it, -1 if it has none; for models that answer in
  // words.
  std::function<std::int32_t(std::string_view)> token_id;
};

// One architecture: how to recognise it and how to build it.
struct Architecture {
  std::string_view name;
  std::string_view examples;  // published models, for messages and docs
  bool (*matches)(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config);
  Result<std::unique_ptr<Model>> (*load)(const LoadContext& context);
};

// Builds the first architecture that matches. Errors: none does (the message lists the known ones),
// a tensor is missing or has another shape than config.json says, a weight is not finite.
Result<std::unique_ptr<Model>> load_model(const LoadContext& context);

}  // namespace podium::model
