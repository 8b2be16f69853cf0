// Batches of a model with several depths: queries, passages on their way, passages seen before, and
// texts that want their vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/siphash.h"
#include "base/thread_pool.h"
#include "batch/packed_batch.h"
#include "engine/document_cache.h"
#include "engine/scheduler.h"
#include "model/late_interaction.h"
#include "model/model.h"

namespace podium {

// A sequence's work, from visit to visit.
struct Visit : model::Interaction {
  bool remembers = false;   // the passage may be kept, and found
  std::uint64_t scope = 0;  // where it is known: see RankOptions::document_scope
  Hash128 name;
};

// For the scheduler's thread.
class InteractionBatches {
 public:
  // What is kept of documents takes cache_bytes.
  InteractionBatches(const model::LateInteraction& model, std::size_t cache_bytes)
      : model_(model), cache_(cache_bytes) {}

  // A passage's row: its logit, and how many of its tokens did not need the encoder. A text's: its
  // vector.
  void encode(std::span<const Scheduler::Work> work, batch::PackedBatch& batch,
              model::Workspace& workspace, ThreadPool& pool, float* out);

 private:
  void recall(std::span<const std::int32_t> tokens, Visit& passage);
  void reserve(std::size_t tokens, Visit& passage);

  const model::LateInteraction& model_;
  DocumentCache cache_;
  // Of one batch, kept for their memory.
  std::vector<std::size_t> texts_;
  std::vector<std::size_t> passages_;
  std::vector<model::Interaction*> group_;
  std::vector<float> rows_;
};

}  // namespace podium
