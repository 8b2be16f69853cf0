#include "model/transformer.h"

#include <algorithm>

namespace podium::model {

namespace {

// Sequences are bounded by this where no table of positions bounds them: a larger number in
// config.json would only be an allocation.
constexpr std::size_t kLongestSequence = 32768;

// Whether the activation is silu; else it is gelu. An error for others.
Result<bool> reads_silu(const hub::ModelConfig& config, bool gated) {
  if (config.hidden_act == "gelu") return false;
  if (gated && config.hidden_act == "silu") return true;
  return fail(
      ErrorCode::unsupported,
      fmt::format("hidden_act '{}' is not supported by this architecture", config.hidden_act),
      gated ? "Known: gelu (the exact form), silu." : "Known: gelu (the exact form).");
}

}  // namespace

Result<std::unique_ptr<Transformer>> Transformer::load(const LoadContext& context,
                                                       WeightReader& reader,
                                                       const TransformerShape& shape,
                                                       Embeddings embeddings, const Names& names,
                                                       const std::string& prefix,
                                                       const std::string& final_norm) {
  const hub::ModelConfig& config = context.config;
  PODIUM_TRY(const bool silu, reads_silu(config, shape.gated));
  auto out = std::make_unique<Transformer>();
  out->silu_ = silu;
  out->kernels_ = &context.kernels;
  out->attention_ = context.kernels.attention(context.precision);
  out->shape_ = shape;
  out->hidden_size_ = config.hidden_size;
  out->intermediate_size_ = config.intermediate_size;
  out->heads_ = config.num_attention_heads;
  out->key_value_heads_ = shape.key_value_heads > 0 ? shape.key_value_heads : out->heads_;
  out->head_dim_ = shape.head_dim > 0 ? shape.head_dim : config.hidden_size / out->heads_;
  out->max_length_ =
      std::min({embeddings.max_length(), config.max_position_embeddings, kLongestSequence});
  out->eps_ = config.layer_norm_eps;
  out->embeddings_ = std::move(embeddings);
  std::vector<Result<Layer>> layers(config.num_hidden_layers);
  context.pool.parallel_for(layers.size(), [&](std::size_t i, int) {
    layers[i] = out->load_layer(context, reader, names(prefix, i, config));
  });
  for (auto& layer : layers) {
    PODIUM_TRY(Layer loaded, std::move(layer));
    out->layers_.push_back(std::move(loaded));
  }
  if (!final_norm.empty()) {
    PODIUM_TRY(out->final_norm_, out->load_norm(reader, final_norm));
  }
  return out;
}

Result<Transformer::Layer> Transformer::load_layer(const LoadContext&, WeightReader& reader,
                                                   const TransformerLayerNames& names) const {
  const auto whole = [](LinearRows rows, std::size_t count) {
    rows.rows = rows.total_rows = count;
    return rows;
  };
  Layer layer;
  PODIUM_TRY(layer.query_key_value, reader.linear(names.query_key_value, hidden_size_));
  PODIUM_TRY(layer.attention_output,
             reader.linear({whole(names.attention_output, hidden_size_)}, heads_ * head_dim_));
  PODIUM_TRY(layer.up, reader.linear(names.up, hidden_size_));
  PODIUM_TRY(layer.down, reader.linear({whole(names.down, hidden_size_)}, intermediate_size_));
  if (!names.attention_norm.empty()) {
    PODIUM_TRY(layer.attention_norm, load_norm(reader, names.attention_norm));
  }
  PODIUM_TRY(layer.feed_forward_norm, load_norm(reader, names.feed_forward_norm));
  if (!names.query_norm.empty()) {
    PODIUM_TRY(layer.query_norm, reader.vector(names.query_norm + ".weight", head_dim_));
    PODIUM_TRY(layer.key_norm, reader.vector(names.key_norm + ".weight", head_dim_));
  }
  return layer;
}

Result<LayerNorm> Transformer::load_norm(WeightReader& reader, const std::string& name) const {
  return reader.layer_norm(name, hidden_size_, shape_.norm_bias && !shape_.rms_norm);
}

void Transformer::set_rotary(std::size_t layer, std::shared_ptr<const Rotary> rotary) {
  layers_[layer].rotary = std::move(rotary);
}

void Transformer::set_disentangled(std::vector<std::int32_t> classes,
                                   std::vector<DisentangledTerms> layers) {
  classes_ = std::move(classes);
  disentangled_ = std::move(layers);
}

std::pair<std::vector<float>, std::vector<float>> Transformer::project_queries_and_keys(
    std::size_t layer, const std::vector<float>& rows) const {
  const std::size_t count = rows.size() / hidden_size_;
  const std::size_t width = row_width();
  const std::size_t queries = heads_ * head_dim_;
  const std::size_t keys = key_value_heads_ * head_dim_;
  std::vector<float> projected(count * width);
  std::vector<float> scratch(Linear::scratch_floats(count, hidden_size_));
  layers_[layer].query_key_value.apply(*kernels_, rows.data(), hidden_size_, count,
                                       projected.data(), width, scratch.data());
  std::pair<std::vector<float>, std::vector<float>> out;
  for (std::size_t row = 0; row < count; ++row) {
    const float* from = projected.data() + row * width;
    out.first.insert(out.first.end(), from, from + queries);
    out.second.insert(out.second.end(), from + queries, from + queries + keys);
  }
  return out;
}

void Transformer::forward(const batch::PackedBatch& batch, Rows rows, Workspace& workspace,
                          ThreadPool& pool) const {
  run(nullptr, nullptr, batch, rows, workspace, pool);
}

void Transformer::forward_after(const Prefix& prefix, const batch::PackedBatch& batch, Rows rows,
                                Workspace& workspace, ThreadPool& pool) const {
  run(&prefix, nullptr, batch, rows, workspace, pool);
}

void Transformer::encode_prefix(const batch::PackedBatch& sequence, Prefix& out,
                                Workspace& workspace, ThreadPool& pool) const {
  out.ids = sequence.token_ids;
  run(nullptr, &out, sequence, Rows::last, workspace, pool);
}

Prefix Transformer::make_prefix(std::size_t capacity) const {
  Prefix prefix;
  prefix.capacity = capacity;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    prefix.layers.emplace_back(capacity * 2 * key_value_heads_ * head_dim_);
  }
  return prefix;
}

}  // namespace podium::model
