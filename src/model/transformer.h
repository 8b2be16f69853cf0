// The layers of the families that came after BERT: norms before or behind, layer or RMS norm, gated
// feed-forward, grouped queries, positions as rotations, distances or disentangled terms, windows
// and causality. A family says which of these it has; nothing here knows a name.
//
// A layer runs in two parallel loops, as in post_norm_encoder.h: attention over (sequence, head),
// and everything row-wise over blocks of rows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/embeddings.h"
#include "model/encoder.h"
#include "model/rotary.h"
#include "model/weights.h"

namespace podium::model {

// What all layers of a family have in common. Zero sizes are taken from config.json.
struct TransformerShape {
  std::size_t key_value_heads = 0;  // 0: as many as there are heads
  std::size_t head_dim = 0;         // 0: hidden_size / heads
  bool norm_first = false;          // else behind, with the residual
  bool rms_norm = false;            // else layer norm
  bool norm_bias = true;
  bool gated = false;  // the feed-forward is activation(gate) * up, else activation(up)
  bool causal = false;
  float score_scale = 0;  // 0: 1 / sqrt(head_dim)
};

// One layer's tensor names, without ".weight" and ".bias".
struct TransformerLayerNames {
  std::vector<LinearRows> query_key_value;  // queries, keys, values
  LinearRows attention_output;              // rows, total_rows: filled in
  std::string attention_norm;               // empty: none
  std::vector<LinearRows> up;               // of a gated layer first the gate, then the rest
  LinearRows down;
  std::string feed_forward_norm;
  std::string query_norm;  // RMS norm over head_dim; empty: none
  std::string key_norm;
};

// DeBERTa's relative positions: one packed matrix per head whose rows are the classes.
struct DisentangledTerms {
  std::vector<kernels::PackedF32> keys;     // against the queries (content to position)
  std::vector<kernels::PackedF32> queries;  // against the keys (position to content)
};

class Transformer final : public Encoder {
 public:
  using Names = std::function<TransformerLayerNames(const std::string& prefix, std::size_t layer,
                                                    const hub::ModelConfig& config)>;

  // final_norm: of the last states, without ".weight"; empty: none.
  static Result<std::unique_ptr<Transformer>> load(const LoadContext& context, WeightReader& reader,
                                                   const TransformerShape& shape,
                                                   Embeddings embeddings, const Names& names,
                                                   const std::string& prefix,
                                                   const std::string& final_norm);

  // Set by the family after load().
  void set_max_length(std::size_t tokens) { max_length_ = tokens; }
  void set_rotary(std::size_t layer, std::shared_ptr<const Rotary> rotary);
  void set_window(std::size_t layer, std::size_t each_side) { layers_[layer].window = each_side; }
  // bias: [heads, 2 * max_length - 1], of the distances -(max_length - 1) and up; key minus query.
  void set_distance_bias(std::vector<float> bias) { distance_bias_ = std::move(bias); }
  // classes: of the distances -(max_length - 1) and up, query minus key.
  void set_disentangled(std::vector<std::int32_t> classes, std::vector<DisentangledTerms> layers);

  void forward(const batch::PackedBatch& batch, Rows rows, Workspace& workspace,
               ThreadPool& pool) const override;

  // The same for sequences that continue a prefix, whose first positions are those behind it.
  void forward_after(const Prefix& prefix, const batch::PackedBatch& batch, Rows rows,
                     Workspace& workspace, ThreadPool& pool) const;

  // The keys and values of one sequence of at most out.capacity tokens. Only causal layers have a
  // prefix: with others it would depend on what follows.
  void encode_prefix(const batch::PackedBatch& sequence, Prefix& out, Workspace& workspace,
                     ThreadPool& pool) const;
  Prefix make_prefix(std::size_t capacity) const;

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override;
  std::size_t hidden_size() const override { return hidden_size_; }
  std::size_t max_length() const override { return max_length_; }
  std::size_t token_types() const override { return embeddings_.token_types(); }
  const kernels::Kernels& kernels() const override { return *kernels_; }
  // The rows [count, hidden_size] through a layer's query and key projections, for positions that
  // share them with contents.
  std::pair<std::vector<float>, std::vector<float>> project_queries_and_keys(
      std::size_t layer, const std::vector<float>& rows) const;

  std::size_t layers() const { return layers_.size(); }
  std::size_t heads() const { return heads_; }
  std::size_t head_dim() const { return head_dim_; }
  const Embeddings& embeddings() const { return embeddings_; }

 private:
  struct Layer {
    Linear query_key_value;
    Linear attention_output;
    Linear up;
    Linear down;
    LayerNorm attention_norm;
    LayerNorm feed_forward_norm;
    std::vector<float> query_norm;
    std::vector<float> key_norm;
    std::shared_ptr<const Rotary> rotary;
    std::size_t window = kernels::kUnlimited;
  };
  struct Run;  // one forward pass

  Result<Layer> load_layer(const LoadContext& context, WeightReader& reader,
                           const TransformerLayerNames& names) const;
  Result<LayerNorm> load_norm(WeightReader& reader, const std::string& name) const;
  void run(const Prefix* prefix, Prefix* keep, const batch::PackedBatch& batch, Rows rows,
           Workspace& workspace, ThreadPool& pool) const;
  std::size_t row_width() const { return (heads_ + 2 * key_value_heads_) * head_dim_; }

  const kernels::Kernels* kernels_ = nullptr;
  kernels::Attention attention_ = nullptr;
  TransformerShape shape_;
  bool silu_ = false;  // the activation; else gelu
  std::size_t hidden_size_ = 0;
  std::size_t intermediate_size_ = 0;
  std::size_t heads_ = 0;
  std::size_t key_value_heads_ = 0;
  std::size_t head_dim_ = 0;
  std::size_t max_length_ = 0;
  float eps_ = 0;
  Embeddings embeddings_;
  std::vector<Layer> layers_;
  LayerNorm final_norm_;
  std::vector<float> distance_bias_;
  std::vector<std::int32_t> classes_;
  std::vector<DisentangledTerms> disentangled_;  // per layer
};

}  // namespace podium::model
