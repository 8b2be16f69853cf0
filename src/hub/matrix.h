// Stored weights as matrices: the shape checked, any storage read as float32.
//
// A Matrix is a view; it lives as long as the checkpoint its tensor came from.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "hub/checkpoint.h"

namespace podium::hub {

// q4_0: 32 weights of a row in 18 bytes, a float16 scale and 16 bytes of nibbles. Byte j holds
// weight j (low nibble) and weight j + 16 (high nibble); a weight is (nibble - 8) * scale.
enum class Storage { f32, f16, bf16, q4_0 };

std::string_view to_string(Storage storage);  // "f32", "f16", "bf16", "q4_0"

inline constexpr std::size_t kQ4BlockWeights = 32;
inline constexpr std::size_t kQ4BlockBytes = 18;

struct Matrix {
  Storage storage = Storage::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  const std::byte* data = nullptr;  // row-major, packed, little-endian, of any alignment
  std::size_t row_bytes = 0;
  std::string_view name;  // the tensor's
};

// The tensor as a matrix of exactly that shape. One of shape [cols] is a matrix of one row; one of
// type U8 and shape [rows, 18 * cols / 32] holds q4_0 blocks. Errors name both shapes.
Result<Matrix> as_matrix(const TensorView& tensor, std::size_t rows, std::size_t cols);

// Writes the `matrix.cols` weights of one row. Checks nothing: row < matrix.rows.
void copy_row_as_f32(const Matrix& matrix, std::size_t row, float* out);

// Errors if any weight is NaN or infinite, naming the first. Of q4_0 only the scales can be.
Result<void> check_finite(const Matrix& matrix);

}  // namespace podium::hub
