#include "model/post_norm_encoder.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/profile.h"

namespace podium::model {

namespace {

// Rows a worker takes at once: large enough that the weights are read from cache seldom, small
// enough that every worker gets several. A row's result does not depend on it.
constexpr std::size_t kLargestBlock = 96;

Result<void> check_config(const hub::ModelConfig& config) {
  if (config.hidden_act != "gelu") {
    return fail(
        ErrorCode::unsupported,
        fmt::format("hidden_act '{}' is not supported by this architecture", config.hidden_act),
        "Known: gelu (the exact form).");
  }
  if (config.position_embedding_type != "absolute") {
    return fail(ErrorCode::unsupported,
                fmt::format("position_embedding_type '{}' is not supported by this architecture",
                            config.position_embedding_type),
                "Known: absolute.");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PostNormEncoder>> PostNormEncoder::load(const LoadContext& context,
                                                               WeightReader& reader,
                                                               const EncoderNames& names,
                                                               Positions positions) {
  const hub::ModelConfig& config = context.config;
  PODIUM_CHECK(check_config(config));
  auto owned = std::make_unique<PostNormEncoder>();
  PostNormEncoder& encoder = *owned;
  encoder.kernels_ = &context.kernels;
  encoder.attention_ = context.kernels.attention(context.precision);
  encoder.intermediate_size_ = config.intermediate_size;
  encoder.heads_ = config.num_attention_heads;
  PODIUM_TRY(encoder.embeddings_, Embeddings::load(context, reader, names.embeddings, positions));
  std::vector<Result<Layer>> layers(config.num_hidden_layers);
  context.pool.parallel_for(layers.size(), [&](std::size_t i, int) {
    layers[i] = load_layer(context, reader, names.layer(names.prefix, i, config.hidden_size));
  });
  for (auto& layer : layers) {
    PODIUM_TRY(Layer loaded, std::move(layer));
    encoder.layers_.push_back(std::move(loaded));
  }
  return owned;
}

Result<PostNormEncoder::Layer> PostNormEncoder::load_layer(const LoadContext& context,
                                                           WeightReader& reader,
                                                           const LayerNames& names) {
  const std::size_t hidden = context.config.hidden_size;
  const std::size_t intermediate = context.config.intermediate_size;
  Layer layer;
  PODIUM_TRY(layer.query, reader.linear(names.query, hidden));
  PODIUM_TRY(layer.key_value, reader.linear(names.key_value, hidden));
  PODIUM_TRY(layer.attention_output, reader.linear(names.attention_output, hidden, hidden));
  PODIUM_TRY(layer.attention_norm, reader.layer_norm(names.attention_norm, hidden));
  PODIUM_TRY(layer.intermediate, reader.linear(names.intermediate, intermediate, hidden));
  PODIUM_TRY(layer.output, reader.linear(names.output, hidden, intermediate));
  PODIUM_TRY(layer.output_norm, reader.layer_norm(names.output_norm, hidden));
  return layer;
}

Workspace PostNormEncoder::make_workspace(std::size_t max_tokens, std::size_t max_length,
                                          int workers) const {
  Workspace workspace;
  workspace.states = AlignedBuffer<float>(max_tokens * hidden_size());
  workspace.query_key_value = AlignedBuffer<float>(max_tokens * 3 * hidden_size());
  const std::size_t rows =
      kLargestBlock * (hidden_size() + intermediate_size_) +
      Linear::scratch_floats(kLargestBlock, std::max(hidden_size(), intermediate_size_));
  const std::size_t attention = kernels_->attention_scratch(max_length, hidden_size() / heads_);
  for (int worker = 0; worker < workers; ++worker) {
    workspace.scratch.emplace_back(std::max(rows, attention));
  }
  return workspace;
}

// One forward pass: the batch, the buffers and the steps on them.
struct PostNormEncoder::Run {
  const PostNormEncoder& encoder;
  const batch::PackedBatch& batch;
  Workspace& workspace;
  ThreadPool& pool;
  std::size_t hidden = encoder.hidden_size();
  const kernels::Kernels& kernels = *encoder.kernels_;

  float* state(std::size_t row) { return workspace.states.data() + row * hidden; }
  float* query(std::size_t row) { return workspace.query_key_value.data() + row * 3 * hidden; }
  float* key_value(std::size_t row) { return query(row) + hidden; }

  // Calls body(first_row, rows, worker) for blocks of [0, total).
  template <class Body>
  void over_rows(std::size_t total, Body body) {
    const std::size_t tile = kernels.row_tile;
    const std::size_t share = total / (4 * static_cast<std::size_t>(pool.threads())) + 1;
    const std::size_t block =
        std::min(kLargestBlock, (std::max<std::size_t>(share, 24) + tile - 1) / tile * tile);
    pool.parallel_for((total + block - 1) / block, [&](std::size_t item, int worker) {
      const std::size_t first = item * block;
      body(first, std::min(block, total - first), worker);
    });
  }

  void norm(float* x, const float* residual, const LayerNorm& norm, float* out,
            std::size_t rows) const {
    const profile::Scope scope(profile::Stage::norm);
    kernels.add_layer_norm_f32(x, residual, norm.gamma.data(), norm.beta.data(), norm.eps, out,
                               rows, hidden);
  }

  void project_query(const Layer& layer, std::size_t first, std::size_t rows, float* scratch) {
    layer.query.apply(kernels, state(first), hidden, rows, query(first), 3 * hidden, scratch);
  }

  void project_key_value(const Layer& layer, std::size_t first, std::size_t rows, float* scratch) {
    layer.key_value.apply(kernels, state(first), hidden, rows, key_value(first), 3 * hidden,
                          scratch);
  }

  // `compact`: the only query of sequence s is in row s; else queries stand beside their keys.
  void attend(bool compact) {
    const std::size_t heads = encoder.heads_;
    const std::size_t head_dim = hidden / heads;
    const float scale = 1.0F / std::sqrt(static_cast<float>(head_dim));
    pool.parallel_for(batch.sequences() * heads, [&](std::size_t item, int worker) {
      const profile::Scope scope(profile::Stage::attention);
      const std::size_t sequence = item / heads;
      const std::size_t column = item % heads * head_dim;
      const std::size_t first = batch.cu_seqlens[sequence];
      const std::size_t length = batch.length(sequence);
      encoder.attention_({.q = query(compact ? sequence : first) + column,
                          .k = key_value(first) + column,
                          .v = key_value(first) + hidden + column,
                          .stride = 3 * hidden,
                          .query_stride = 3 * hidden,
                          .length = length,
                          .queries = compact ? 1 : length,
                          .head_dim = head_dim,
                          .scale = scale},
                         workspace.scratch[static_cast<std::size_t>(worker)].data());
    });
  }

  // From the attention's result (in the query columns) to the layer's output states.
  void finish_layer(const Layer& layer, std::size_t first, std::size_t rows, float* scratch) {
    float* x = state(first);
    float* projected = scratch;
    float* intermediate = projected + kLargestBlock * hidden;
    const std::size_t width = encoder.intermediate_size_;
    float* rest = intermediate + kLargestBlock * width;
    layer.attention_output.apply(kernels, query(first), 3 * hidden, rows, projected, hidden, rest);
    norm(projected, x, layer.attention_norm, x, rows);
    layer.intermediate.apply(kernels, x, hidden, rows, intermediate, width, rest,
                             kernels::Epilogue::gelu);
    layer.output.apply(kernels, intermediate, width, rows, projected, hidden, rest);
    norm(projected, x, layer.output_norm, x, rows);
  }

  // Moves each sequence's first state to row s, so that the rest of the last layer is dense.
  void gather_first_rows() {
    for (std::size_t s = 0; s < batch.sequences(); ++s) {
      const float* from = state(batch.cu_seqlens[s]);
      if (batch.cu_seqlens[s] != s) std::copy(from, from + hidden, state(s));
    }
  }
};

void PostNormEncoder::forward(const batch::PackedBatch& batch, Rows rows, Workspace& workspace,
                              ThreadPool& pool) const {
  forward_layers(batch, 0, layers_.size(), rows, workspace, pool);
}

void PostNormEncoder::forward_layers(const batch::PackedBatch& batch, std::size_t first_layer,
                                     std::size_t last_layer, Rows rows, Workspace& workspace,
                                     ThreadPool& pool) const {
  Run run{*this, batch, workspace, pool};
  const auto scratch = [&](int worker) {
    return workspace.scratch[static_cast<std::size_t>(worker)].data();
  };
  // What the next layer asks of all rows; the last layer's queries may be few (below).
  const auto project = [&](std::size_t next, std::size_t first, std::size_t count, float* free) {
    if (next == last_layer) return;
    run.project_key_value(layers_[next], first, count, free);
    if (next + 1 < layers_.size() || rows == Rows::all) {
      run.project_query(layers_[next], first, count, free);
    }
  };
  run.over_rows(batch.tokens(), [&](std::size_t first, std::size_t count, int worker) {
    if (first_layer == 0) {
      embeddings_.embed(batch, first, count, run.state(first), scratch(worker));
    }
    project(first_layer, first, count, scratch(worker));
  });
  for (std::size_t i = first_layer; i < last_layer; ++i) {
    const bool compact = rows == Rows::first && i + 1 == layers_.size();
    if (compact) {
      run.gather_first_rows();
      run.over_rows(batch.sequences(), [&](std::size_t first, std::size_t count, int worker) {
        run.project_query(layers_[i], first, count, scratch(worker));
      });
    }
    run.attend(compact);
    const std::size_t total = compact ? batch.sequences() : batch.tokens();
    run.over_rows(total, [&](std::size_t first, std::size_t count, int worker) {
      run.finish_layer(layers_[i], first, count, scratch(worker));
      project(i + 1, first, count, scratch(worker));
    });
  }
}

}  // namespace podium::model
