// The product with weights in bf16 and activations in fp32, written once over the vector type V of
// f32_kernels.h: weights are widened on the way into the registers, so that they take half the
// memory and the traffic of fp32 while the arithmetic stays that of its product.
#pragma once

#include "kernels/f32_kernels.h"

namespace podium::kernels {

template <class V>
struct Bf16Kernels {
  using F = F32Kernels<V>;
  using Reg = typename V::Reg;
  static constexpr std::size_t kWidth = V::kWidth;
  static constexpr std::size_t kPanel = F::kPanel;
  static constexpr std::size_t kTile = F::kTile;

  template <std::size_t kRows>
  static void tile_bf16(const float* a, std::size_t lda, const std::uint16_t* b, std::size_t k,
                        const float* bias, float* c, std::size_t ldc, std::size_t cols) {
    Reg low[kRows];
    Reg high[kRows];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      low[r] = V::set(0);
      high[r] = V::set(0);
    }
    const auto add = [&](std::size_t i, Reg b_low, Reg b_high) {
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const Reg x = V::set(a[r * lda + i]);
        low[r] = V::fma(x, b_low, low[r]);
        high[r] = V::fma(x, b_high, high[r]);
      }
    };
    for (std::size_t i = 0; i < k; i += 2, b += 2 * kPanel) {
      add(i, V::bf16_even(b), V::bf16_even(b + kPanel));
      if (i + 1 < k) add(i + 1, V::bf16_odd(b), V::bf16_odd(b + kPanel));
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      F::store_pair(c + r * ldc, V::add(low[r], V::load(bias)),
                    V::add(high[r], V::load(bias + kWidth)), cols);
    }
  }

  template <std::size_t kRows = kTile>
  static void rows_bf16(const float* a, std::size_t lda, std::size_t rows, const std::uint16_t* b,
                        std::size_t k, const float* bias, float* c, std::size_t ldc,
                        std::size_t cols) {
    for (; rows >= kRows; rows -= kRows, a += kRows * lda, c += kRows * ldc) {
      tile_bf16<kRows>(a, lda, b, k, bias, c, ldc, cols);
    }
    if constexpr (kRows > 1) {
      if (rows > 0) rows_bf16<kRows - 1>(a, lda, rows, b, k, bias, c, ldc, cols);
    }
  }

  static void gemm_bf16(const float* a, std::size_t lda, std::size_t rows, const PackedBf16& w,
                        float* c, std::size_t ldc, float* /*scratch*/) {
    const std::size_t depth = F::round_up(w.k, 2);
    for (std::size_t col = 0; col < w.n; col += kPanel) {
      rows_bf16(a, lda, rows, w.data.data() + col * depth, w.k, w.bias.data() + col, c + col, ldc,
                w.n - col);
    }
  }

  static constexpr Kernels add_to(Kernels table) {
    table.gemm_bf16 = &gemm_bf16;
    return table;
  }
};

}  // namespace podium::kernels
