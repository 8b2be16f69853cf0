// What stands between token ids and a head: a stack of layers that leaves one state per token.
#pragma once

#include <cstddef>

#include "model/model.h"

namespace podium::model {

enum class Rows {
  all,    // every token's state
  first,  // only each sequence's first token's: the last layer computes nothing else
  last,   // only each sequence's last token's, likewise
};

class Encoder {
 public:
  virtual ~Encoder() = default;

  // Leaves the last states in workspace.states: [tokens, hidden_size] or [sequences, hidden_size].
  virtual void forward(const batch::PackedBatch& batch, Rows rows, Workspace& workspace,
                       ThreadPool& pool) const = 0;
  virtual Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                                   int workers) const = 0;
  virtual std::size_t hidden_size() const = 0;
  virtual std::size_t max_length() const = 0;   // in tokens
  virtual std::size_t token_types() const = 0;  // that have an embedding; 0: types are ignored
  virtual const kernels::Kernels& kernels() const = 0;
};

}  // namespace podium::model
