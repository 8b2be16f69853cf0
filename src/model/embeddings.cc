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
  const std::size_t hidden = config.hidden_size;
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
  return out;
}

std::size_t Embeddings::max_length() const {
  return position_.rows == 0 ? kernels::kUnlimited : position_.rows - positions_.first;
}

void Embeddings::embed(const batch::PackedBatch& batch, std::size_t first, std::size_t rows,
                       float* out, float* scratch) const {
  const profile::Scope scope(profile::Stage::embed);
  const std::size_t hidden = hidden_size();
  auto sequence = static_cast<std::size_t>(
      std::upper_bound(batch.cu_seqlens.begin(), batch.cu_seqlens.end(), first) -
      batch.cu_seqlens.begin() - 1);
  std::size_t position = position_before(batch, sequence, first);
  for (std::size_t row = first; row < first + rows; ++row) {
    while (row >= batch.cu_seqlens[sequence + 1]) {
      position = position_before(batch, ++sequence, row);
    }
    float* state = out + (row - first) * hidden;
    hub::copy_row_as_f32(word_, static_cast<std::size_t>(batch.token_ids[row]), state);
    if (!types_.empty()) {
      const std::vector<float>& type = types_[batch.type_ids[row]];
      for (std::size_t i = 0; i < hidden; ++i) state[i] += type[i];
    }
    if (position_.rows == 0) continue;
    const bool pad = batch.token_ids[row] == positions_.pad_id;
    hub::copy_row_as_f32(position_, pad ? static_cast<std::size_t>(positions_.pad_id) : position++,
                         scratch);
    for (std::size_t i = 0; i < hidden; ++i) state[i] += scratch[i];
  }
  if (norm_.gamma.empty()) return;
  kernels_->add_layer_norm_f32(out, nullptr, norm_.gamma.data(), norm_.beta.data(), norm_.eps, out,
                               rows, hidden);
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
