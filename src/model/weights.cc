#include "model/weights.h"

#include <algorithm>
#include <functional>

namespace podium::model {

namespace {

using CopyRow = std::function<void(std::size_t row, float* out)>;

Linear pack_fp32(const kernels::Kernels& kernels, std::size_t in_features, const CopyRow& copy_row,
                 const std::vector<float>& bias) {
  return Linear(kernels::pack_f32(kernels, bias.size(), in_features, copy_row, bias));
}

Linear pack_bf16(const kernels::Kernels& kernels, std::size_t in_features, const CopyRow& copy_row,
                 const std::vector<float>& bias) {
  auto packed = kernels::make_bf16(kernels, bias.size(), in_features, bias);
  std::vector<float> row(in_features);
  for (std::size_t i = 0; i < bias.size(); ++i) {
    copy_row(i, row.data());
    kernels::pack_row_bf16(packed, i, row.data());
  }
  return Linear(std::move(packed));
}

Linear pack_int8(const kernels::Kernels& kernels, std::size_t in_features, const CopyRow& copy_row,
                 const std::vector<float>& bias) {
  AlignedBuffer<std::byte> bytes(kernels::packed_s8_bytes(kernels, bias.size(), in_features));
  std::fill_n(bytes.data(), bytes.size(), std::byte{0});
  const auto matrix = kernels::view_s8(kernels, bias.size(), in_features, bytes.data());
  std::vector<float> row(in_features);
  for (std::size_t i = 0; i < bias.size(); ++i) {
    copy_row(i, row.data());
    kernels::pack_row_s8(matrix, kernels.group_limit_s8, i, row.data(), bias[i], bytes.data());
  }
  return {matrix, std::move(bytes)};
}

}  // namespace

std::string name_prefix(const hub::Checkpoint& checkpoint, const std::string& prefix,
                        std::string_view first) {
  return checkpoint.find(prefix + std::string(first)) != nullptr ? prefix : "";
}

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
  return table(name, 1, size);
}

Result<std::vector<float>> WeightReader::table(std::string_view name, std::size_t rows,
                                               std::size_t cols) {
  PODIUM_TRY(const hub::Matrix stored, matrix(name, rows, cols));
  PODIUM_CHECK(hub::check_finite(stored));
  std::vector<float> values(rows * cols);
  for (std::size_t row = 0; row < rows; ++row) {
    hub::copy_row_as_f32(stored, row, values.data() + row * cols);
  }
  count(stored.storage, values.size(), values.size() * sizeof(float), 0);
  return values;
}

Result<Linear> WeightReader::linear(const std::vector<LinearRows>& parts, std::size_t in_features,
                                    kernels::Precision precision) {
  std::vector<hub::Matrix> weights;  // one view per part
  std::vector<hub::Matrix> biases;
  std::string name;
  std::size_t total = 0;
  std::size_t stored_biases = 0;
  for (const LinearRows& part : parts) {
    PODIUM_TRY(hub::Matrix stored, matrix(part.name + ".weight", part.total_rows, in_features));
    stored.data += part.first_row * stored.row_bytes;
    stored.rows = part.rows;
    weights.push_back(stored);
    biases.emplace_back();  // stays empty where the layer has none
    if (part.bias) {
      PODIUM_TRY(biases.back(), matrix(part.name + ".bias", 1, part.total_rows));
      stored_biases += part.rows;
    }
    name += fmt::format("{}[{}+{}]", part.name, part.first_row, part.rows);
    total += part.rows;
  }
  const bool int8 = precision == kernels::Precision::int8;
  hub::PackCache* cache = int8 ? context_.cache : nullptr;
  const std::size_t bytes =
      int8 ? kernels::packed_s8_bytes(context_.kernels, total, in_features) : 0;
  const std::byte* kept = cache != nullptr ? cache->find(name, bytes) : nullptr;
  Linear linear;
  if (kept != nullptr) {
    linear = Linear(kernels::view_s8(context_.kernels, total, in_features, kept), bytes);
  } else {
    PODIUM_TRY(linear, pack(weights, biases, parts, precision));
    if (cache != nullptr) cache->add(name, linear.packed_s8());
  }
  count(weights.front().storage, total * in_features + stored_biases, linear.bytes(), 0);
  return linear;
}

Result<Linear> WeightReader::pack(const std::vector<hub::Matrix>& weights,
                                  const std::vector<hub::Matrix>& biases,
                                  const std::vector<LinearRows>& parts,
                                  kernels::Precision precision) const {
  std::vector<float> bias;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    PODIUM_CHECK(hub::check_finite(weights[i]));
    std::vector<float> values(parts[i].total_rows);
    if (parts[i].bias) {
      PODIUM_CHECK(hub::check_finite(biases[i]));
      hub::copy_row_as_f32(biases[i], 0, values.data());
    }
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(parts[i].first_row);
    bias.insert(bias.end(), first, first + static_cast<std::ptrdiff_t>(parts[i].rows));
  }
  const auto copy_row = [&](std::size_t row, float* out) {
    std::size_t part = 0;
    while (row >= weights[part].rows) row -= weights[part++].rows;
    hub::copy_row_as_f32(weights[part], row, out);
  };
  const auto pack_all = precision == kernels::Precision::int8   ? pack_int8
                        : precision == kernels::Precision::bf16 ? pack_bf16
                                                                : pack_fp32;
  return pack_all(context_.kernels, weights.front().cols, copy_row, bias);
}

Result<Linear> WeightReader::linear(const std::vector<LinearRows>& parts, std::size_t in_features) {
  return linear(parts, in_features, context_.precision);
}

Result<Linear> WeightReader::linear(const std::string& name, std::size_t out_features,
                                    std::size_t in_features, bool bias) {
  return linear({{name, 0, out_features, out_features, bias}}, in_features, context_.precision);
}

Result<Linear> WeightReader::linear_f32(const std::string& name, std::size_t out_features,
                                        std::size_t in_features, bool bias) {
  return linear({{name, 0, out_features, out_features, bias}}, in_features,
                kernels::Precision::fp32);
}

// Checkpoints that come from TensorFlow call the two gamma and beta.
Result<LayerNorm> WeightReader::layer_norm(const std::string& name, std::size_t size, bool bias) {
  const bool tensorflow = context_.checkpoint.find(name + ".gamma") != nullptr;
  LayerNorm norm;
  PODIUM_TRY(norm.gamma, vector(name + (tensorflow ? ".gamma" : ".weight"), size));
  norm.beta.assign(size, 0.0F);
  if (bias) {
    PODIUM_TRY(norm.beta, vector(name + (tensorflow ? ".beta" : ".bias"), size));
  }
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
