// The decoders of Qwen2 and Qwen3: causal, grouped queries, RMS norms in front, rotary positions, a
// gated feed-forward.
#pragma once

#include <memory>

#include "model/transformer.h"

namespace podium::model {

// `prefix`: of the tensor names, e.g. "model.". Positions may go on beyond max_length, which bounds
// what is read at once.
Result<std::unique_ptr<Transformer>> load_qwen(const LoadContext& context, WeightReader& reader,
                                               const std::string& prefix, std::size_t max_length);

// Leaves each sequence's last state, or all, in workspace.states, as Transformer::forward does.
// What all sequences of a batch begin with is encoded once and kept in the workspace for later
// batches; a state is the same to the bit either way.
void forward_shared(const Transformer& decoder, const batch::PackedBatch& batch, Rows rows,
                    Workspace& workspace, ThreadPool& pool);

// A workspace with room for what forward_shared() keeps.
Workspace make_shared_workspace(const Transformer& decoder, std::size_t max_tokens,
                                std::size_t max_length, int workers);

}  // namespace podium::model
