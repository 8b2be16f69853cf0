#include <algorithm>
#include <cmath>

#include "base/profile.h"
#include "model/transformer.h"

namespace podium::model {

namespace {

// Rows a worker takes at once: large enough that the weights are read from cache seldom, small
// enough that every worker gets several. A row's result does not depend on it.
constexpr std::size_t kLargestBlock = 96;

// Queries that attend together where they do not see all keys: few enough that little is computed
// for nothing, many enough that the keys are packed seldom.
constexpr std::size_t kQueryBlock = 96;

}  // namespace

Workspace Transformer::make_workspace(std::size_t max_tokens, std::size_t max_length,
                                      int workers) const {
  Workspace workspace;
  workspace.states = AlignedBuffer<float>(max_tokens * hidden_size_);
  workspace.query_key_value = AlignedBuffer<float>(max_tokens * row_width());
  const std::size_t up = (shape_.gated ? 2 : 1) * intermediate_size_;
  const std::size_t widest = std::max({hidden_size_, intermediate_size_, heads_ * head_dim_});
  const std::size_t rows =
      kLargestBlock * (2 * hidden_size_ + up) + Linear::scratch_floats(kLargestBlock, widest);
  std::size_t attention = kernels_->attention_scratch(max_length, head_dim_);
  if (!disentangled_.empty()) attention += 2 * max_length * disentangled_[0].keys[0].n;
  for (int worker = 0; worker < workers; ++worker) {
    workspace.scratch.emplace_back(std::max(rows, attention));
  }
  return workspace;
}

// The batch, the buffers and the steps on them.
struct Transformer::Run {
  const Transformer& stack;
  const Prefix* prefix;  // may be null
  Prefix* keep;          // may be null
  const batch::PackedBatch& batch;
  Workspace& workspace;
  ThreadPool& pool;
  const kernels::Kernels& kernels = *stack.kernels_;
  std::size_t hidden = stack.hidden_size_;
  std::size_t width = stack.row_width();
  std::size_t query_width = stack.heads_ * stack.head_dim_;
  std::size_t key_width = stack.key_value_heads_ * stack.head_dim_;
  std::size_t prefix_length = prefix ? prefix->ids.size() : 0;

  float* state(std::size_t row) { return workspace.states.data() + row * hidden; }
  float* query(std::size_t row) { return workspace.query_key_value.data() + row * width; }

  // Calls body(first_row, rows, scratch) for blocks of [0, total).
  template <class Body>
  void over_rows(std::size_t total, Body body) {
    const std::size_t tile = kernels.row_tile;
    const std::size_t share = total / (4 * static_cast<std::size_t>(pool.threads())) + 1;
    const std::size_t block =
        std::min(kLargestBlock, (std::max<std::size_t>(share, 24) + tile - 1) / tile * tile);
    pool.parallel_for((total + block - 1) / block, [&](std::size_t item, int worker) {
      const std::size_t first = item * block;
      body(first, std::min(block, total - first),
           workspace.scratch[static_cast<std::size_t>(worker)].data());
    });
  }

  // out = norm(x + residual); residual may be null, x is scratch afterwards unless it is null.
  void norm(float* x, const float* residual, const LayerNorm& norm, float* out,
            std::size_t rows) const {
    const profile::Scope scope(profile::Stage::norm);
    if (stack.shape_.rms_norm) {
      kernels.rms_norm_f32(x, norm.gamma.data(), norm.eps, out, rows, hidden, hidden);
    } else {
      kernels.add_layer_norm_f32(x, residual, norm.gamma.data(), norm.beta.data(), norm.eps, out,
                                 rows, hidden);
    }
  }

  // The states as a layer's first product reads them: in place or, normalised, in scratch.
  const float* entering(const LayerNorm& before, std::size_t first, std::size_t rows,
                        float* scratch) {
    if (!stack.shape_.norm_first || before.gamma.empty()) return state(first);
    std::copy_n(state(first), rows * hidden, scratch);
    norm(scratch, nullptr, before, scratch, rows);
    return scratch;
  }

  // Queries, keys and values of rows, turned to their positions.
  void project(std::size_t index, std::size_t first, std::size_t rows, float* scratch) {
    const Layer& layer = stack.layers_[index];
    const float* x = entering(layer.attention_norm, first, rows, scratch);
    layer.query_key_value.apply(kernels, x, hidden, rows, query(first), width,
                                scratch + kLargestBlock * hidden);
    if (!layer.query_norm.empty()) {
      for (std::size_t row = first; row < first + rows; ++row) {
        norm_heads(layer.query_norm, query(row), stack.heads_);
        norm_heads(layer.key_norm, query(row) + query_width, stack.key_value_heads_);
      }
    }
    if (layer.rotary) turn(*layer.rotary, first, rows);
    if (keep == nullptr) return;
    for (std::size_t row = first; row < first + rows; ++row) {
      std::copy_n(query(row) + query_width, 2 * key_width,
                  keep->layers[index].data() + row * 2 * key_width);
    }
  }

  void norm_heads(const std::vector<float>& gamma, float* x, std::size_t heads) const {
    kernels.rms_norm_f32(x, gamma.data(), stack.eps_, x, heads, stack.head_dim_, stack.head_dim_);
  }

  void turn(const Rotary& rotary, std::size_t first, std::size_t rows) {
    auto sequence = static_cast<std::size_t>(
        std::upper_bound(batch.cu_seqlens.begin(), batch.cu_seqlens.end(), first) -
        batch.cu_seqlens.begin() - 1);
    for (std::size_t row = first; row < first + rows; ++row) {
      while (row >= batch.cu_seqlens[sequence + 1]) ++sequence;
      const std::size_t position = prefix_length + row - batch.cu_seqlens[sequence];
      rotary.turn(query(row), stack.heads_ + stack.key_value_heads_, position);
    }
  }

  // Attention of the queries [first, first + count) of a sequence, in place.
  void attend(std::size_t layer, std::size_t sequence, std::size_t head, std::size_t first,
              std::size_t count, float* scratch) {
    const std::size_t begin = batch.cu_seqlens[sequence];
    const std::size_t length = batch.length(sequence);
    const std::size_t window = stack.layers_[layer].window;
    // Keys beyond what any of the queries sees are left out.
    const std::size_t right = stack.shape_.causal ? 0 : window;
    const std::size_t low = window < first && prefix == nullptr ? first - window : 0;
    const std::size_t high = right < length - (first + count) ? first + count + right : length;
    const std::size_t column =
        query_width + head / (stack.heads_ / stack.key_value_heads_) * stack.head_dim_;
    const float* keys = query(begin + low) + column;
    kernels::AttentionHead task{.q = query(begin + first) + head * stack.head_dim_,
                                .k = keys,
                                .v = keys + key_width,
                                .stride = width,
                                .query_stride = width,
                                .length = prefix_length + high - low,
                                .queries = count,
                                .head_dim = stack.head_dim_,
                                .scale = scale()};
    if (prefix != nullptr) {
      task.prefix_k = prefix->layers[layer].data() + column - query_width;
      task.prefix_v = task.prefix_k + key_width;
      task.prefix_stride = 2 * key_width;
      task.prefix_length = prefix_length;
    }
    task.first_query = prefix_length + first - low;
    task.left = window;
    task.right = right;
    if (!stack.distance_bias_.empty()) {
      task.distance_bias =
          stack.distance_bias_.data() + head * (2 * stack.max_length_ - 1) + stack.max_length_ - 1;
    }
    if (!stack.disentangled_.empty()) scratch = add_terms(layer, head, task, scratch);
    stack.attention_(task, scratch);
  }

  float scale() const {
    if (stack.shape_.score_scale > 0) return stack.shape_.score_scale;
    return 1.0F / std::sqrt(static_cast<float>(stack.head_dim_));
  }

  // Products with the relative positions, at the front of scratch; returns what is left of it.
  float* add_terms(std::size_t layer, std::size_t head, kernels::AttentionHead& task,
                   float* scratch) {
    const DisentangledTerms& terms = stack.disentangled_[layer];
    const std::size_t classes = terms.keys[head].n;
    float* key_terms = scratch + task.queries * classes;
    kernels.gemm_f32(task.q, width, task.queries, terms.keys[head], scratch, classes);
    kernels.gemm_f32(task.k, width, task.length, terms.queries[head], key_terms, classes);
    task.relative = {stack.classes_.data() + stack.max_length_ - 1, scratch, key_terms, classes};
    return key_terms + task.length * classes;
  }

  // From the attention's result (in the query columns of `from` on) to the layer's output states.
  void finish_layer(const Layer& layer, const float* attended, std::size_t first, std::size_t rows,
                    float* scratch) {
    const std::size_t inner_width = stack.intermediate_size_;
    const std::size_t up = (stack.shape_.gated ? 2 : 1) * inner_width;
    float* x = state(first);
    float* projected = scratch;
    float* entering_rows = projected + kLargestBlock * hidden;
    float* inner = entering_rows + kLargestBlock * hidden;
    float* rest = inner + kLargestBlock * up;
    layer.attention_output.apply(kernels, attended, width, rows, projected, hidden, rest);
    leave(layer.attention_norm, projected, x, rows);
    const float* in = entering(layer.feed_forward_norm, first, rows, entering_rows);
    if (stack.shape_.gated) {
      layer.up.apply(kernels, in, hidden, rows, inner, up, rest);
      const auto gate = stack.silu_ ? kernels.silu_gate_f32 : kernels.gelu_gate_f32;
      for (std::size_t row = 0; row < rows; ++row) {
        gate(inner + row * up, inner + row * up + inner_width, inner_width);
      }
    } else {
      layer.up.apply(kernels, in, hidden, rows, inner, up, rest, kernels::Epilogue::gelu);
    }
    layer.down.apply(kernels, inner, up, rows, projected, hidden, rest);
    leave(layer.feed_forward_norm, projected, x, rows);
  }

  // Puts a sublayer's result to the residual.
  void leave(const LayerNorm& behind, float* result, float* x, std::size_t rows) const {
    if (!stack.shape_.norm_first) return norm(result, x, behind, x, rows);
    for (std::size_t i = 0; i < rows * hidden; ++i) x[i] += result[i];
  }

  // The row of the one token that Rows::first and Rows::last ask for.
  std::size_t chosen(Rows rows, std::size_t sequence) const {
    return rows == Rows::first ? batch.cu_seqlens[sequence] : batch.cu_seqlens[sequence + 1] - 1;
  }

  void attend_all(std::size_t layer, Rows rows, bool compact) {
    const std::size_t heads = stack.heads_;
    const bool partial = stack.shape_.causal || stack.layers_[layer].window < kernels::kUnlimited;
    pool.parallel_for(batch.sequences() * heads, [&](std::size_t item, int worker) {
      const profile::Scope scope(profile::Stage::attention);
      const std::size_t sequence = item / heads;
      float* scratch = workspace.scratch[static_cast<std::size_t>(worker)].data();
      if (compact) {
        const std::size_t first = chosen(rows, sequence) - batch.cu_seqlens[sequence];
        return attend(layer, sequence, item % heads, first, 1, scratch);
      }
      const std::size_t length = batch.length(sequence);
      const std::size_t block = partial ? kQueryBlock : length;
      for (std::size_t first = 0; first < length; first += block) {
        attend(layer, sequence, item % heads, first, std::min(block, length - first), scratch);
      }
    });
  }
};

void Transformer::run(const Prefix* prefix, Prefix* keep, const batch::PackedBatch& batch,
                      Rows rows, Workspace& workspace, ThreadPool& pool) const {
  Run run{*this, prefix, keep, batch, workspace, pool};
  run.over_rows(batch.tokens(), [&](std::size_t first, std::size_t count, float* scratch) {
    embeddings_.embed(batch, first, count, run.state(first), scratch);
    run.project(0, first, count, scratch);
  });
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool compact = rows != Rows::all && i + 1 == layers_.size();
    run.attend_all(i, rows, compact);
    if (compact) {
      // Moves the chosen rows to the front, so that the rest of the last layer is dense.
      for (std::size_t s = 0; s < batch.sequences(); ++s) {
        const std::size_t row = run.chosen(rows, s);
        if (row == s) continue;
        std::copy_n(run.state(row), hidden_size_, run.state(s));
        std::copy_n(run.query(row), run.query_width, run.query(s));
      }
    }
    const std::size_t total = compact ? batch.sequences() : batch.tokens();
    run.over_rows(total, [&](std::size_t first, std::size_t count, float* scratch) {
      run.finish_layer(layers_[i], run.query(first), first, count, scratch);
      if (i + 1 < layers_.size()) {
        run.project(i + 1, first, count, scratch);
      } else if (!final_norm_.gamma.empty()) {
        run.norm(run.state(first), nullptr, final_norm_, run.state(first), count);
      }
    });
  }
}

}  // namespace podium::model
