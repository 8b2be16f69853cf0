#include <algorithm>
#include <bit>

#include "kernels/kernels.h"

namespace podium::kernels {

namespace {

// To nearest, ties to even; weights are finite.
std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

}  // namespace

PackedBf16 make_bf16(const Kernels& kernels, std::size_t n, std::size_t k,
                     std::span<const float> bias) {
  PackedBf16 packed{n, k, kernels.panel_f32, {}, {}};
  const std::size_t rows = (n + packed.panel - 1) / packed.panel * packed.panel;
  packed.data = AlignedBuffer<std::uint16_t>(rows * ((k + 1) / 2 * 2));
  packed.bias = AlignedBuffer<float>(rows);
  std::fill_n(packed.data.data(), packed.data.size(), std::uint16_t{0});
  std::fill_n(packed.bias.data(), rows, 0.0F);
  std::copy_n(bias.data(), std::min(bias.size(), n), packed.bias.data());
  return packed;
}

void pack_row_bf16(PackedBf16& matrix, std::size_t row, const float* weights) {
  const std::size_t depth = (matrix.k + 1) / 2 * 2;
  std::uint16_t* out =
      matrix.data.data() + row / matrix.panel * matrix.panel * depth + row % matrix.panel * 2;
  for (std::size_t i = 0; i < matrix.k; ++i) {
    out[i / 2 * 2 * matrix.panel + i % 2] = to_bf16(weights[i]);
  }
}

}  // namespace podium::kernels
