#include "hub/matrix.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace podium::hub {

namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

float from_bf16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

// Without a branch, so that the loop around it vectorises; and no step goes through a subnormal
// float32, so the result is right under flush-to-zero too.
float from_f16(std::uint16_t half) {
  const std::int32_t magnitude = half & 0x7FFF;
  const std::int32_t rebias = (112 + 112 * (magnitude >= 0x7C00 ? 1 : 0)) << 23;
  const std::int32_t normal = (magnitude << 13) + rebias;
  const auto subnormal = std::bit_cast<std::int32_t>(static_cast<float>(magnitude) * 0x1p-24F);
  const std::int32_t is_subnormal = -(magnitude < 0x400 ? 1 : 0);  // all ones or all zeros
  const auto sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const auto bits =
      static_cast<std::uint32_t>((subnormal & is_subnormal) | (normal & ~is_subnormal));
  return std::bit_cast<float>(bits | sign);
}

void copy_q4_0_block(const std::byte* block, float* out) {
  const float scale = from_f16(load<std::uint16_t>(block));
  std::array<std::uint8_t, kQ4BlockBytes - 2> pairs;  // a copy cannot alias `out`
  std::memcpy(pairs.data(), block + 2, pairs.size());
  for (std::size_t j = 0; j < pairs.size(); ++j) {
    out[j] = static_cast<float>((pairs[j] & 15) - 8) * scale;
  }
  for (std::size_t j = 0; j < pairs.size(); ++j) {
    out[j + pairs.size()] = static_cast<float>((pairs[j] >> 4) - 8) * scale;
  }
}

// The first of `count` words, `stride` bytes apart, whose exponent bits are all ones. Words are
// tested by the block with integer arithmetic, which vectorises and needs no branch per word.
template <class Word>
std::optional<std::size_t> find_not_finite(const std::byte* data, std::size_t count,
                                           std::size_t stride, Word exponent) {
  constexpr std::size_t kBlock = 4096;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(count, begin + kBlock);
    Word found = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const Word bits = load<Word>(data + i * stride);
      found = static_cast<Word>(found | ((bits & exponent) == exponent ? 1 : 0));
    }
    for (std::size_t i = begin; found != 0 && i < end; ++i) {
      if ((load<Word>(data + i * stride) & exponent) == exponent) return i;
    }
  }
  return std::nullopt;
}

// The index of the first weight, in row-major order, that is not finite.
std::optional<std::size_t> find_not_finite(const Matrix& m) {
  const std::size_t count = m.rows * m.cols;
  switch (m.storage) {
    case Storage::f32: return find_not_finite<std::uint32_t>(m.data, count, 4, 0x7F800000);
    case Storage::f16: return find_not_finite<std::uint16_t>(m.data, count, 2, 0x7C00);
    case Storage::bf16: return find_not_finite<std::uint16_t>(m.data, count, 2, 0x7F80);
    case Storage::q4_0: {
      const auto block =
          find_not_finite<std::uint16_t>(m.data, count / kQ4BlockWeights, kQ4BlockBytes, 0x7C00);
      if (block) return *block * kQ4BlockWeights;
    }
  }
  return std::nullopt;
}

std::optional<Storage> storage_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return Storage::f32;
    case DType::f16: return Storage::f16;
    case DType::bf16: return Storage::bf16;
    case DType::u8: return Storage::q4_0;
    default: return std::nullopt;
  }
}

bool has_shape(const TensorView& tensor, std::size_t rows, std::size_t stored_cols) {
  const auto& shape = tensor.shape;
  if (shape.size() == 1) return rows == 1 && shape[0] == stored_cols;
  return shape.size() == 2 && shape[0] == rows && shape[1] == stored_cols;
}

}  // namespace

std::string_view to_string(Storage storage) {
  switch (storage) {
    case Storage::f32: return "f32";
    case Storage::f16: return "f16";
    case Storage::bf16: return "bf16";
    case Storage::q4_0: return "q4_0";
  }
  return "f32";
}

Result<Matrix> as_matrix(const TensorView& tensor, std::size_t rows, std::size_t cols) {
  const auto storage = storage_of(tensor.dtype);
  if (!storage) {
    return fail(ErrorCode::unsupported,
                fmt::format("tensor {} is stored as {}", tensor.name, to_string(tensor.dtype)),
                "Podium reads weights stored as F32, F16, BF16 or q4_0 blocks.");
  }
  const bool q4_0 = *storage == Storage::q4_0;
  if (q4_0 && cols % kQ4BlockWeights != 0) {
    return fail(ErrorCode::malformed,
                fmt::format("tensor {} holds q4_0 blocks but its {} columns are no multiple of {}",
                            tensor.name, cols, kQ4BlockWeights));
  }
  const std::size_t stored_cols = q4_0 ? cols / kQ4BlockWeights * kQ4BlockBytes : cols;
  if (!has_shape(tensor, rows, stored_cols)) {
    return fail(
        ErrorCode::malformed,
        fmt::format("tensor {} has shape {} where config.json asks for [{}, {}]{}", tensor.name,
                    tensor.shape_text(), rows, stored_cols, q4_0 ? " (bytes of q4_0 blocks)" : ""),
        "config.json and the weights do not belong together.");
  }
  const std::size_t row_bytes = stored_cols * size_of(tensor.dtype);
  return Matrix{*storage, rows, cols, tensor.bytes.data(), row_bytes, tensor.name};
}

void copy_row_as_f32(const Matrix& matrix, std::size_t row, float* out) {
  const std::byte* from = matrix.data + row * matrix.row_bytes;
  switch (matrix.storage) {
    case Storage::f32: std::memcpy(out, from, matrix.cols * sizeof(float)); return;
    case Storage::f16:
      for (std::size_t i = 0; i < matrix.cols; ++i)
        out[i] = from_f16(load<std::uint16_t>(from + 2 * i));
      return;
    case Storage::bf16:
      for (std::size_t i = 0; i < matrix.cols; ++i)
        out[i] = from_bf16(load<std::uint16_t>(from + 2 * i));
      return;
    case Storage::q4_0:
      for (std::size_t i = 0; i < matrix.cols; i += kQ4BlockWeights, from += kQ4BlockBytes) {
        copy_q4_0_block(from, out + i);
      }
      return;
  }
}

Result<void> check_finite(const Matrix& matrix) {
  const auto index = find_not_finite(matrix);
  if (!index) return {};
  return fail(ErrorCode::malformed,
              fmt::format("tensor {} is NaN or infinite at row {}, column {}", matrix.name,
                          *index / matrix.cols, *index % matrix.cols),
              "The file is damaged or the model diverged in training.");
}

}  // namespace podium::hub
