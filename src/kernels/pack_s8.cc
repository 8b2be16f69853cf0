#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/kernels.h"

namespace podium::kernels {

namespace {

constexpr std::size_t kBorder = 64;
constexpr float kLargestByte = 127;
constexpr float kSmallest = 1e-30F;  // below it a row is zero: the inverse of its scale is no float

std::size_t up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

// Where the parts of a packed matrix begin.
struct Layout {
  std::size_t rows;  // n in whole panels
  std::size_t scales;
  std::size_t sums;
  std::size_t bias;
  std::size_t end;
  Layout(std::size_t n, std::size_t depth, std::size_t panel) : rows(up(n, panel)) {
    scales = up(rows * depth, kBorder);
    sums = scales + up(rows * sizeof(float), kBorder);
    bias = sums + up(rows * sizeof(std::int32_t), kBorder);
    end = bias + up(rows * sizeof(float), kBorder);
  }
};

// The largest sum of the positive or of the negative values that meet in one 16-bit lane: of a step
// of 16, columns 0, 1, 4, 5, 8, 9, 12, 13 are one lane's and the others the next one's.
template <class T>
T largest_group(const T* values, std::size_t k) {
  T largest = 0;
  for (std::size_t step = 0; step < k; step += kPackedS8Step) {
    for (std::size_t lane = 0; lane < 4; lane += 2) {
      T positive = 0;
      T negative = 0;
      for (std::size_t i = step + lane; i < std::min(k, step + kPackedS8Step); i += 4) {
        for (std::size_t j = i; j < std::min(k, i + 2); ++j) {
          (values[j] > 0 ? positive : negative) += values[j];
        }
      }
      largest = std::max({largest, positive, static_cast<T>(-negative)});
    }
  }
  return largest;
}

// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer for |x| < 2^22, and vectorises.
std::int32_t nearest(float x) { return static_cast<std::int32_t>((x + 12582912.0F) - 12582912.0F); }

void round_all(const float* weights, std::size_t k, float inverse, std::int32_t* bytes) {
  for (std::size_t i = 0; i < k; ++i) bytes[i] = nearest(weights[i] * inverse);
}

}  // namespace

std::size_t packed_s8_bytes(const Kernels& kernels, std::size_t n, std::size_t k) {
  return Layout(n, up(k, kPackedS8Step), kernels.panel_s8).end;
}

PackedS8 view_s8(const Kernels& kernels, std::size_t n, std::size_t k, const std::byte* packed) {
  const std::size_t depth = up(k, kPackedS8Step);
  const Layout at(n, depth, kernels.panel_s8);
  return {n,
          k,
          depth,
          kernels.panel_s8,
          reinterpret_cast<const std::int8_t*>(packed),
          reinterpret_cast<const float*>(packed + at.scales),
          reinterpret_cast<const std::int32_t*>(packed + at.sums),
          reinterpret_cast<const float*>(packed + at.bias)};
}

void pack_row_s8(const PackedS8& matrix, std::int32_t group_limit, std::size_t row,
                 const float* weights, float bias, std::byte* packed) {
  const std::size_t k = matrix.k;
  float largest = 0;
  for (std::size_t i = 0; i < k; ++i) largest = std::max(largest, std::abs(weights[i]));
  if (largest < kSmallest) largest = 0;
  float scale = largest / kLargestByte;
  std::vector<std::int32_t> bytes(k);
  if (largest > 0 && group_limit > 0) {
    scale = std::max(scale, largest_group(weights, k) / static_cast<float>(group_limit));
  }
  for (; largest > 0; scale *= 1.01F) {  // rounding may lift a group over the limit
    round_all(weights, k, 1 / scale, bytes.data());
    if (group_limit == 0 || largest_group(bytes.data(), k) <= group_limit) break;
  }
  const Layout at(matrix.n, matrix.depth, matrix.panel);
  std::byte* out =
      packed + row / matrix.panel * matrix.panel * matrix.depth + row % matrix.panel * 4;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < k; ++i) {
    sum += bytes[i];
    out[i / 4 * 4 * matrix.panel + i % 4] = static_cast<std::byte>(bytes[i]);
  }
  std::memcpy(packed + at.scales + row * sizeof scale, &scale, sizeof scale);
  std::memcpy(packed + at.sums + row * sizeof sum, &sum, sizeof sum);
  std::memcpy(packed + at.bias + row * sizeof bias, &bias, sizeof bias);
}

}  // namespace podium::kernels
