#include "model/embeddings.h"

#include <algorithm>

#include "base/profile.h"

namespace podium::model {

namespace {

// check_finite over a large matrix, on all threads.
Result<void> check_finite_parallel(const hub::Matrix& matrix, ThreadPool& pool) {
  constexpr std::size_t kRows = 8192;
  std::vector<Result<void>> results((matrix.rows + kRows - 1) / kRows);
  pool.parallel_for(results.size(), [&](std::size_t part, int) {
    hub::Matrix rows = matrix;
    rows.data += part * kRows * matrix.row_bytes;
    rows.rows = std::min(kRows, matrix.rows - part * kRows);
    results[part] = hub::check_finite(rows);
  });
  for (auto& result : results) PODIUM_CHECK(std::move(result));
  return {};
}

}  // namespace

Result<Embeddings> Embeddings::load(const LoadContext& context, WeightReader& reader,
                                    const EmbeddingNames& names, Positions positions) {
  const hub::ModelConfig& config = context.config;
  const std::size_t hidden = names.width == 0 ? config.hidden_size : names.width;
  Embeddings out;
  out.kernels_ = &context.kernels;
  out.positions_ = positions;
  PODIUM_TRY(out.word_, reader.matrix(names.word, config.vocab_size, hidden));
  if (!reader.checked()) PODIUM_CHECK(check_finite_parallel(out.word_, context.pool));
  reader.count_mapped(out.word_);
  if (!names.position.empty()) {
    PODIUM_TRY(out.position_,
               reader.matrix(names.position, config.max_position_embeddings, hidden));
    PODIUM_CHECK(hub::check_finite(out.position_));
    reader.count_mapped(out.position_);
    if (out.position_.rows <= positions.first) {
      return fail(ErrorCode::malformed,
                  fmt::format("max_position_embeddings {} leaves no position for a token: the "
                              "first one is {}",
                              out.position_.rows, positions.first));
    }
  }
  if (!names.type.empty()) {
    PODIUM_TRY(const hub::Matrix types, reader.matrix(names.type, config.type_vocab_size, hidden));
    PODIUM_CHECK(hub::check_finite(types));
    reader.count_mapped(types);
    out.types_.assign(types.rows, std::vector<float>(hidden));
    for (std::size_t row = 0; row < types.rows; ++row) {
      hub::copy_row_as_f32(types, row, out.types_[row].data());
    }
  }
  if (!names.norm.empty()) {
    PODIUM_TRY(out.norm_, reader.layer_norm(names.norm, hidden, names.norm_bias));
  }
  if (!names.projection.empty()) {
    PODIUM_TRY(out.projection_,
               reader.table(names.projection + ".weight", config.hidden_size, hidden));
    PODIUM_TRY(out.bias_, reader.vector(names.projection + ".bias", config.hidden_size));
  }
  return out;
}

std::size_t Embeddings::max_length() const {
  return position_.rows == 0 ? kernels::kUnlimited : position_.rows - positions_.first;
}

void Embeddings::embed(const batch::PackedBatch& batch, std::size_t first, std::size_t rows,
                       float* out, float* scratch) const {
  const profile::Scope scope(profile::Stage::embed);
  const std::size_t hidden = hidden_size();
  const bool narrow = !projection_.empty();
  auto sequence = static_cast<std::size_t>(
      std::upper_bound(batch.cu_seqlens.begin(), batch.cu_seqlens.end(), first) -
      batch.cu_seqlens.begin() - 1);
  std::size_t position = position_before(batch, sequence, first);
  for (std::size_t row = first; row < first + rows; ++row) {
    while (row >= batch.cu_seqlens[sequence + 1]) {
      position = position_before(batch, ++sequence, row);
    }
    float* state = out + (row - first) * hidden;
    add_tables(batch, row, position, narrow ? scratch : state, narrow ? state : scratch);
    if (narrow) widen(scratch, state);
  }
  if (narrow || norm_.gamma.empty()) return;
  kernels_->add_layer_norm_f32(out, nullptr, norm_.gamma.data(), norm_.beta.data(), norm_.eps, out,
                               rows, hidden);
}

void Embeddings::add_tables(const batch::PackedBatch& batch, std::size_t row, std::size_t& position,
                            float* sum, float* spare) const {
  hub::copy_row_as_f32(word_, static_cast<std::size_t>(batch.token_ids[row]), sum);
  if (!types_.empty()) {
    const std::vector<float>& type = types_[batch.type_ids[row]];
    for (std::size_t i = 0; i < word_.cols; ++i) sum[i] += type[i];
  }
  if (position_.rows == 0) return;
  const bool pad = batch.token_ids[row] == positions_.pad_id;
  hub::copy_row_as_f32(position_, pad ? static_cast<std::size_t>(positions_.pad_id) : position++,
                       spare);
  for (std::size_t i = 0; i < word_.cols; ++i) sum[i] += spare[i];
}

void Embeddings::widen(float* narrow, float* state) const {
  const std::size_t width = word_.cols;
  kernels_->add_layer_norm_f32(narrow, nullptr, norm_.gamma.data(), norm_.beta.data(), norm_.eps,
                               narrow, 1, width);
  for (std::size_t i = 0; i < bias_.size(); ++i) {
    const float* weights = projection_.data() + i * width;
    float sum = 0;
    for (std::size_t j = 0; j < width; ++j) sum += weights[j] * narrow[j];
    state[i] = sum + bias_[i];
  }
}

// The position of the token at `row` if it is no padding.
std::size_t Embeddings::position_before(const batch::PackedBatch& batch, std::size_t sequence,
                                        std::size_t row) const {
  std::size_t position = positions_.first;
  for (std::size_t i = batch.cu_seqlens[sequence]; i < row; ++i) {
    position += batch.token_ids[i] != positions_.pad_id;
  }
  return position;
}

}  // namespace podium::model
