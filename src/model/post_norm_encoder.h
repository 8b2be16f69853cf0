// The encoder of BERT and XLM-RoBERTa (Devlin et al. 2019, arXiv 1810.04805): embeddings, then
// layers of attention and feed-forward, each with its residual and layer norm behind it.
//
// A layer runs in two parallel loops: attention over (sequence, head), and everything row by row
// (output projection, norm, feed-forward, norm, and the next layer's query, key and value) over
// blocks of rows that stay in cache. Nothing is padded: rows are the tokens of the packed batch.
#pragma once

#include <string>
#include <vector>

#include "model/embeddings.h"
#include "model/encoder.h"
#include "model/weights.h"

namespace podium::model {

// The tensor names of one layer, without ".weight" and ".bias".
struct LayerNames {
  std::vector<LinearRows> query;      // hidden_size rows
  std::vector<LinearRows> key_value;  // 2 * hidden_size rows, keys first
  std::string attention_output;
  std::string attention_norm;
  std::string intermediate;
  std::string output;
  std::string output_norm;
};

struct EncoderNames {
  EmbeddingNames embeddings;
  LayerNames (*layer)(const std::string& prefix, std::size_t layer, std::size_t hidden_size);
  std::string prefix;  // of the layer names, e.g. "roberta."
};

class PostNormEncoder final : public Encoder {
 public:
  // Refuses configurations this encoder does not compute: another activation than exact gelu,
  // relative positions, no word for a token type.
  static Result<std::unique_ptr<PostNormEncoder>> load(const LoadContext& context,
                                                       WeightReader& reader,
                                                       const EncoderNames& names,
                                                       Positions positions);

  // Leaves the last states in workspace.states: [tokens, hidden_size] or [sequences, hidden_size].
  void forward(const batch::PackedBatch& batch, Rows rows, Workspace& workspace,
               ThreadPool& pool) const override;

  // Layers [first_layer, last_layer) alone, on the embeddings if that begins with 0, else on what
  // workspace.states holds; leaves their states there. Cutting the stack changes no bit.
  void forward_layers(const batch::PackedBatch& batch, std::size_t first_layer,
                      std::size_t last_layer, Rows rows, Workspace& workspace,
                      ThreadPool& pool) const;

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override;

  std::size_t hidden_size() const override { return embeddings_.hidden_size(); }
  std::size_t max_length() const override { return embeddings_.max_length(); }
  std::size_t token_types() const override { return embeddings_.token_types(); }
  const kernels::Kernels& kernels() const override { return *kernels_; }

 private:
  struct Layer {
    Linear query;
    Linear key_value;
    Linear attention_output;
    Linear intermediate;
    Linear output;
    LayerNorm attention_norm;
    LayerNorm output_norm;
  };
  struct Run;  // one forward pass

  static Result<Layer> load_layer(const LoadContext& context, WeightReader& reader,
                                  const LayerNames& names);

  const kernels::Kernels* kernels_ = nullptr;
  kernels::Attention attention_ = nullptr;
  std::size_t intermediate_size_ = 0;
  std::size_t heads_ = 0;
  Embeddings embeddings_;
  std::vector<Layer> layers_;
};

}  // namespace podium::model
