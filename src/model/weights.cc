#include "model/weights.h"

#include <algorithm>

namespace podium::model {

Result<hub::Matrix> WeightReader::matrix(std::string_view name, std::size_t rows,
                                         std::size_t cols) {
  const hub::TensorView* tensor = context_.checkpoint.find(name);
  if (tensor == nullptr) {
    return fail(
        ErrorCode::not_found,
        fmt::format("{} has no tensor '{}'", context_.checkpoint.name(), name),
        "The checkpoint is incomplete or of another architecture than its config.json says.");
  }
  return hub::as_matrix(*tensor, rows, cols);
}

Result<std::vector<float>> WeightReader::vector(std::string_view name, std::size_t size) {
  PODIUM_TRY(const hub::Matrix stored, matrix(name, 1, size));
  PODIUM_CHECK(hub::check_finite(stored));
  std::vector<float> values(size);
  hub::copy_row_as_f32(stored, 0, values.data());
  count(stored.storage, size, size * sizeof(float), 0);
  return values;
}

Result<Linear> WeightReader::linear(const std::vector<LinearRows>& parts, std::size_t in_features) {
  std::vector<hub::Matrix> rows;  // one view per part
  std::vector<float> bias;
  for (const LinearRows& part : parts) {
    PODIUM_TRY(hub::Matrix stored, matrix(part.name + ".weight", part.total_rows, in_features));
    stored.data += part.first_row * stored.row_bytes;
    stored.rows = part.rows;
    PODIUM_CHECK(hub::check_finite(stored));
    PODIUM_TRY(const hub::Matrix stored_bias, matrix(part.name + ".bias", 1, part.total_rows));
    PODIUM_CHECK(hub::check_finite(stored_bias));
    std::vector<float> values(part.total_rows);
    hub::copy_row_as_f32(stored_bias, 0, values.data());
    bias.insert(bias.end(), values.begin() + static_cast<std::ptrdiff_t>(part.first_row),
                values.begin() + static_cast<std::ptrdiff_t>(part.first_row + part.rows));
    rows.push_back(stored);
  }
  const auto copy_row = [&](std::size_t row, float* out) {
    std::size_t part = 0;
    while (row >= rows[part].rows) row -= rows[part++].rows;
    hub::copy_row_as_f32(rows[part], row, out);
  };
  Linear linear{kernels::pack_f32(context_.kernels, bias.size(), in_features, copy_row, bias)};
  count(rows.front().storage, bias.size() * (in_features + 1), linear.packed.bytes(), 0);
  return linear;
}

Result<Linear> WeightReader::linear(const std::string& name, std::size_t out_features,
                                    std::size_t in_features) {
  return linear({{name, 0, out_features, out_features}}, in_features);
}

Result<LayerNorm> WeightReader::layer_norm(const std::string& name, std::size_t size) {
  LayerNorm norm;
  PODIUM_TRY(norm.gamma, vector(name + ".weight", size));
  PODIUM_TRY(norm.beta, vector(name + ".bias", size));
  norm.eps = context_.config.layer_norm_eps;
  return norm;
}

void WeightReader::count_mapped(const hub::Matrix& stored) {
  count(stored.storage, stored.rows * stored.cols, 0, stored.rows * stored.row_bytes);
}

void WeightReader::count(hub::Storage storage, std::size_t parameters, std::size_t packed_bytes,
                         std::size_t mapped_bytes) {
  const std::lock_guard lock(mutex_);
  if (std::find(storages_.begin(), storages_.end(), storage) == storages_.end()) {
    storages_.push_back(storage);
  }
  parameters_ += parameters;
  packed_bytes_ += packed_bytes;
  mapped_bytes_ += mapped_bytes;
}

void WeightReader::describe(Description& description) const {
  const std::lock_guard lock(mutex_);
  description.weights.clear();
  for (const hub::Storage storage : storages_) {
    if (!description.weights.empty()) description.weights += " + ";
    description.weights += hub::to_string(storage);
  }
  description.parameters = parameters_;
  description.weight_bytes = packed_bytes_;
  description.mapped_bytes = mapped_bytes_;
}

}  // namespace podium::model
