// The int8 product, written once over a vector type V and instantiated in one file per instruction
// set, like f32_kernels.h and under the same rule: V has internal linkage, and nothing here calls
// an inline function of another header.
//
// Activations are unsigned bytes with a scale and a zero point per row, weights signed bytes with a
// scale per output; the sums are exact in 32 bits, so the only roundings are those of the quantised
// values and of the epilogue, one multiply-add in fixed order.
//
// V: kLanes (outputs a register sums), kTileRows, kTileRegs (registers side by side in a panel),
// kLevels (largest activation), kGroupLimit (PackedS8), Sums (the register), zero, load_sums,
// store_sums, step (adds 16 products to each sum of a tile), centred (sums - zero * weights as
// float), store_bytes (round(x) + zero within 0..levels). F32: the vector type of f32_kernels.h.
#pragma once

#include "kernels/kernels.h"

namespace podium::kernels {

template <class V, class F32>
struct S8Kernels {
  using Sums = typename V::Sums;
  using Reg = typename F32::Reg;
  static constexpr std::size_t kPanel = V::kLanes * V::kTileRegs;
  static constexpr std::size_t kRowsAtOnce = 96;  // whose sums wait on the stack between depths
  static constexpr std::size_t kDepth = 1024;     // bytes of a row: a panel that deep stays in L1
  static constexpr std::size_t kStep = kPackedS8Step;

  static std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

  struct Job {
    const std::uint8_t* a;
    std::size_t stride;
    const std::int8_t* panel;
    std::size_t depth;  // bytes of each row, a multiple of kStep
  };

  template <std::size_t kRows>
  static void tile(const Job& job, std::int32_t* sums, bool first) {
    Sums total[kRows][V::kTileRegs];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t c = 0; c < V::kTileRegs; ++c) {
        total[r][c] = first ? V::zero() : V::load_sums(sums + r * kPanel + c * V::kLanes);
      }
    }
    const std::int8_t* w = job.panel;
    for (std::size_t i = 0; i < job.depth; i += kStep, w += kStep * kPanel) {
      V::template step<kRows, kPanel>(total, job.a + i, job.stride, w);
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t c = 0; c < V::kTileRegs; ++c) {
        V::store_sums(sums + r * kPanel + c * V::kLanes, total[r][c]);
      }
    }
  }

  using Tile = void (*)(const Job&, std::int32_t*, bool);
  template <std::size_t kRows>
  static Tile tile_of(std::size_t rows) {
    if (rows == kRows) return &tile<kRows>;
    if constexpr (kRows > 1) {
      return tile_of<kRows - 1>(rows);
    } else {
      return &tile<1>;
    }
  }

  // sums[rows, kPanel] = a * panel, exact.
  static void sum_panel(const QuantizedRows& a, std::size_t first, std::size_t rows,
                        const std::int8_t* panel, std::size_t k, std::int32_t* sums) {
    const Tile full = &tile<V::kTileRows>;
    const Tile rest = tile_of<V::kTileRows>(rows % V::kTileRows);
    for (std::size_t at = 0; at < k; at += kDepth) {
      Job job{nullptr, a.stride, panel + at * kPanel, smaller(kDepth, k - at)};
      for (std::size_t row = 0; row < rows; row += V::kTileRows) {
        job.a = a.values + (first + row) * a.stride + at;
        (row + V::kTileRows <= rows ? full : rest)(job, sums + row * kPanel, at == 0);
      }
    }
  }

  static void store(float* c, Reg value, std::size_t columns) {
    if (columns >= V::kLanes) {
      F32::store(c, value);
    } else {
      F32::store_partial(c, value, columns);
    }
  }

  static Reg gelu(Reg x) {
    const Reg end = F32::set(kNormalCdfEnd);
    const Reg capped = F32::max(F32::min(x, end), F32::sub(F32::set(0), end));
    const Reg y = F32Kernels<F32>::polynomial(F32::mul(capped, capped), kNormalCdf);
    const Reg half = F32::mul(x, F32::set(0.5F));
    return F32::fma(half, F32::mul(capped, y), half);
  }

  template <bool kGelu>
  static void finish_panel(const RowScale* rows, std::size_t count, const std::int32_t* sums,
                           const PackedS8& w, std::size_t column, float* c, std::size_t ldc) {
    const std::size_t columns = w.n - column;
    for (std::size_t r = 0; r < count; ++r, sums += kPanel, c += ldc) {
      const Reg row_scale = F32::set(rows[r].scale);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kPanel && i < columns; i += V::kLanes) {
        const Reg exact = V::centred(sums + i, rows[r].zero, w.sums + column + i);
        const Reg scale = F32::mul(row_scale, F32::load(w.scales + column + i));
        Reg value = F32::fma(exact, scale, F32::load(w.bias + column + i));
        if constexpr (kGelu) value = gelu(value);
        store(c + i, value, columns - i);
      }
    }
  }

  static void gemm(const QuantizedRows& a, const PackedS8& w, Epilogue epilogue, float* c,
                   std::size_t ldc) {
    alignas(64) std::int32_t sums[kRowsAtOnce * kPanel];
    const auto finish = epilogue == Epilogue::gelu ? &finish_panel<true> : &finish_panel<false>;
    for (std::size_t row = 0; row < a.rows; row += kRowsAtOnce) {
      const std::size_t rows = smaller(kRowsAtOnce, a.rows - row);
      for (std::size_t column = 0; column < w.n; column += kPanel) {
        sum_panel(a, row, rows, w.values + column * w.depth, w.depth, sums);
        finish(a.scales + row, rows, sums, w, column, c + row * ldc + column, ldc);
      }
    }
  }

  // The range of a row, zero included, in `levels` equal steps.
  static void quantize(const float* x, std::size_t ldx, std::size_t rows, std::size_t k, int levels,
                       std::uint8_t* values, std::size_t stride, RowScale* scales) {
    using F = F32Kernels<F32>;
    for (std::size_t r = 0; r < rows; ++r) {
      const float* in = x + r * ldx;
      Reg high = F32::set(0);
      Reg low = F32::set(0);  // negated
      F::over_row(k, [&](std::size_t i, std::size_t count) {
        const Reg value = F::load(in + i, count);
        high = F32::max(value, high);
        low = F32::max(F32::sub(F32::set(0), value), low);
      });
      const float least = F32::largest(low);
      const float range = F32::largest(high) + least;
      const bool flat = !(range > 0);
      const float inverse = flat ? 0.0F : static_cast<float>(levels) / range;
      const auto zero = static_cast<std::int32_t>(__builtin_nearbyintf(least * inverse));
      scales[r] = {flat ? 0.0F : range / static_cast<float>(levels), zero};
      std::uint8_t* bytes = values + r * stride;
      F::over_row(k, [&](std::size_t i, std::size_t count) {
        V::store_bytes(bytes + i, F32::mul(F::load(in + i, count), F32::set(inverse)), zero, levels,
                       count);
      });
      for (std::size_t i = k; i < stride; ++i) bytes[i] = 0;
    }
  }

  static constexpr Kernels add_to(Kernels table) {
    table.panel_s8 = kPanel;
    table.levels_u8 = V::kLevels;
    table.group_limit_s8 = V::kGroupLimit;
    table.gemm_s8 = &gemm;
    table.quantize_u8 = &quantize;
    return table;
  }
};

}  // namespace podium::kernels
