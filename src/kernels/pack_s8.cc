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
T largest_group(const std::vector<T>& values) {
  T largest = 0;
  for (std::size_t step = 0; step < values.size(); step += kPackedS8Step) {
    T positive[4] = {};
    T negative[4] = {};
    for (std::size_t i = 0; i < kPackedS8Step; i += 4) {
      for (std::size_t j = 0; j < 4; ++j) {
        const T value = values[step + i + j];
        positive[j] += value > 0 ? value : 0;
        negative[j] += value < 0 ? -value : 0;
      }
    }
    largest = std::max({largest, positive[0] + positive[1], positive[2] + positive[3],
                        negative[0] + negative[1], negative[2] + negative[3]});
  }
  return largest;
}

// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer for |x| < 2^22, and vectorises.
std::int32_t nearest(float x) { return static_cast<std::int32_t>((x + 12582912.0F) - 12582912.0F); }

void round_all(const std::vector<float>& weights, float inverse, std::vector<std::int32_t>& bytes) {
  for (std::size_t i = 0; i < weights.size(); ++i) bytes[i] = nearest(weights[i] * inverse);
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
  std::vector<float> values(weights, weights + matrix.k);
  values.resize(matrix.depth);
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  if (largest < kSmallest) largest = 0;
  float scale = largest / kLargestByte;
  if (group_limit > 0 && largest > 0) {
    scale = std::max(scale, largest_group(values) / static_cast<float>(group_limit));
  }
  std::vector<std::int32_t> bytes(matrix.depth);
  for (; largest > 0; scale *= 1.01F) {  // rounding may lift a group over the limit
    round_all(values, 1 / scale, bytes);
    if (group_limit == 0 || largest_group(bytes) <= group_limit) break;
  }
  const Layout at(matrix.n, matrix.depth, matrix.panel);
  std::byte* out =
      packed + row / matrix.panel * matrix.panel * matrix.depth + row % matrix.panel * 4;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < matrix.depth; i += 4, out += 4 * matrix.panel) {
    for (std::size_t j = 0; j < 4; ++j) {
      sum += bytes[i + j];
      out[j] = static_cast<std::byte>(bytes[i + j]);
    }
  }
  std::memcpy(packed + at.scales + row * sizeof scale, &scale, sizeof scale);
  std::memcpy(packed + at.sums + row * sizeof sum, &sum, sizeof sum);
  std::memcpy(packed + at.bias + row * sizeof bias, &bias, sizeof bias);
}

}  // namespace podium::kernels
