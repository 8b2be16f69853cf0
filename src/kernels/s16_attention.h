// Attention in 16-bit integers, for networks whose products run in int8: twice the rate of fp32 on
// every set that multiplies pairs of words (vpmaddwd, vpdpwssd), with queries and keys of 12 bits
// and more, which is finer than bf16. Written once over vector types like s8_kernels.h.
//
// q.k: each query by its own range, all keys of a head by theirs, in steps so fine that a sum over
// head_dim just fits 32 bits. Weights: 2^x in steps of 1 / kWeightLevels of the largest; their sum,
// by which the result is divided, is the float one. weights * v: values by the head's range in
// kValueLevels either way, kKeysAtOnce keys summed exactly, then added in float. So every query's
// result is a fixed sequence of operations on its own row and the sequence's keys and values.
//
// V: kLanes (sums a register holds), Sums, zero, pair (two words to all lanes), load, store, max,
// largest, multiply_add (two products to each sum), to_float, to_pairs (two registers rounded to
// words side by side), store_words (rounded to words), add_exponent (x 2^n, n in the lowest bits of
// the other). F32: the vector type of f32_kernels.h, as wide.
#pragma once

#include "kernels/f32_kernels.h"

namespace podium::kernels {

template <class V, class F32>
struct S16Attention {
  using F = F32Kernels<F32>;
  using Sums = typename V::Sums;
  using Reg = typename F32::Reg;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kPanel = 2 * kLanes;
  static constexpr std::size_t kTile = F32::kTileRows;
  static constexpr std::size_t kQueryBlock = 2 * kTile;
  static constexpr std::size_t kKeysAtOnce = 128;
  static constexpr float kWeightLevels = 32767;
  static constexpr float kValueLevels = 511;
  static_assert(kKeysAtOnce * 32767ULL * 511ULL <= 0x7FFFFFFF);

  // The head's operands as words; all in the caller's scratch.
  struct Packed {
    std::int16_t* keys;     // [panels of keys][pairs of dimensions][kPanel][2]
    std::int16_t* values;   // [panels of dimensions][pairs of keys][kPanel][2]
    std::int16_t* queries;  // [kQueryBlock][depth]
    std::int32_t* scores;   // [kQueryBlock][columns]; each row's weights as words in its first half
    std::size_t depth;      // head_dim in whole pairs
    std::size_t columns;    // keys in whole panels
    float levels;           // of queries and keys
    float key_step = 0;
    float value_step = 0;
  };

  static std::size_t even(std::size_t n) { return F::round_up(n, 2); }

  static std::size_t scratch(std::size_t length, std::size_t head_dim) {
    const std::size_t columns = F::round_up(length, kPanel);
    const std::size_t words = columns * even(head_dim) +
                              even(length) * F::round_up(head_dim, kPanel) +
                              kQueryBlock * even(head_dim);
    const std::size_t ours = F::round_up(words / 2, 16) + kQueryBlock * columns;
    const std::size_t plain = F::attention_scratch(length, head_dim);
    return ours < plain ? plain : ours;
  }

  static Packed layout(const AttentionHead& head, float* scratch) {
    Packed packed{};
    packed.depth = even(head.head_dim);
    packed.columns = F::round_up(head.length, kPanel);
    packed.scores = reinterpret_cast<std::int32_t*>(scratch);
    packed.keys = reinterpret_cast<std::int16_t*>(packed.scores + kQueryBlock * packed.columns);
    packed.values = packed.keys + packed.columns * packed.depth;
    packed.queries = packed.values + even(head.length) * F::round_up(head.head_dim, kPanel);
    const int most = 0x7FFFFF00 / static_cast<int>(packed.depth);
    const float levels = __builtin_floorf(__builtin_sqrtf(static_cast<float>(most)));
    packed.levels = levels < 32767 ? levels : 32767;
    return packed;
  }

  static float range(const float* rows, std::size_t count, std::size_t stride, std::size_t cols) {
    Reg most = F32::set(0);
    for (std::size_t r = 0; r < count; ++r) {
      F::over_row(cols, [&](std::size_t i, std::size_t here) {
        most = F32::max(most, F32::abs(F::load(rows + r * stride + i, here)));
      });
    }
    return F32::largest(most);
  }

  static float inverse_of(float step) { return step > 0 ? 1.0F / step : 0.0F; }

  static void to_words(const float* x, std::size_t count, Reg inverse, std::int16_t* out) {
    F::over_row(count, [&](std::size_t i, std::size_t here) {
      V::store_words(out + i, F32::mul(F::load(x + i, here), inverse), here);
    });
    if (count % 2 != 0) out[count] = 0;
  }

  static void pack_keys(const AttentionHead& head, Packed& packed) {
    packed.key_step = range(head.k, head.length, head.stride, head.head_dim) / packed.levels;
    const Reg inverse = F32::set(inverse_of(packed.key_step));
    std::int16_t* row = packed.queries;  // free until queries are quantised
    for (std::size_t key = 0; key < packed.columns; ++key) {
      std::int16_t* out = packed.keys + key / kPanel * kPanel * packed.depth + key % kPanel * 2;
      if (key < head.length) {
        to_words(head.k + key * head.stride, head.head_dim, inverse, row);
        for (std::size_t i = 0; i < packed.depth; i += 2) {
          __builtin_memcpy(out + i * kPanel, row + i, 2 * sizeof *row);
        }
      } else {
        for (std::size_t i = 0; i < packed.depth; i += 2) {
          __builtin_memset(out + i * kPanel, 0, 2 * sizeof *row);
        }
      }
    }
  }

  static void pack_values(const AttentionHead& head, Packed& packed) {
    packed.value_step = range(head.v, head.length, head.stride, head.head_dim) / kValueLevels;
    const Reg inverse = F32::set(inverse_of(packed.value_step));
    for (std::size_t column = 0; column < head.head_dim; column += kLanes) {
      const std::size_t here = F::smaller(kLanes, head.head_dim - column);
      std::int16_t* out =
          packed.values + column / kPanel * kPanel * even(head.length) + column % kPanel * 2;
      for (std::size_t key = 0; key < head.length; key += 2, out += 2 * kPanel) {
        const float* in = head.v + key * head.stride + column;
        const bool last = key + 1 == head.length;
        const Reg odd = last ? F32::set(0) : F::load(in + head.stride, here);
        V::store(out, V::to_pairs(F32::mul(F::load(in, here), inverse), F32::mul(odd, inverse)));
      }
    }
  }

  // sums[kRows, kPanel] = a[kRows, 2 * pairs] * panel. Inlined, its sums would not stay in
  // registers.
  template <std::size_t kRows>
  [[gnu::noinline]] static void tile(const std::int16_t* a, std::size_t stride,
                                     const std::int16_t* panel, std::size_t pairs,
                                     std::int32_t* sums, std::size_t sums_stride) {
    Sums total[kRows][2];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) total[r][0] = total[r][1] = V::zero();
    for (std::size_t i = 0; i < pairs; ++i, panel += 2 * kPanel) {
      const Sums w0 = V::load(panel);
      const Sums w1 = V::load(panel + kPanel);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const Sums x = V::pair(a + r * stride + 2 * i);
        total[r][0] = V::multiply_add(total[r][0], x, w0);
        total[r][1] = V::multiply_add(total[r][1], x, w1);
      }
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      V::store(sums + r * sums_stride, total[r][0]);
      V::store(sums + r * sums_stride + kLanes, total[r][1]);
    }
  }

  // The same for any number of rows.
  template <std::size_t kRows = kTile>
  static void multiply(std::size_t rows, const std::int16_t* a, std::size_t stride,
                       const std::int16_t* panel, std::size_t pairs, std::int32_t* sums,
                       std::size_t sums_stride) {
    for (; rows >= kRows; rows -= kRows, a += kRows * stride, sums += kRows * sums_stride) {
      tile<kRows>(a, stride, panel, pairs, sums, sums_stride);
    }
    if constexpr (kRows > 1) {
      if (rows > 0) multiply<kRows - 1>(rows, a, stride, panel, pairs, sums, sums_stride);
    }
  }

  static void score(const Packed& packed, std::size_t rows) {
    for (std::size_t key = 0; key < packed.columns; key += kPanel) {
      multiply(rows, packed.queries, packed.depth, packed.keys + key * packed.depth,
               packed.depth / 2, packed.scores + key, packed.columns);
    }
  }

  // 2^x * kWeightLevels for x <= 0, within 4e-6 of it; scripts/fit_vector_math.py.
  static Reg weight(Reg x) {
    static constexpr float kTerms[] = {
        0.9999992847442627F * kWeightLevels, 0.6931217908859253F * kWeightLevels,
        0.2402474582195282F * kWeightLevels, 0.055917900055646896F * kWeightLevels,
        0.009570086374878883F * kWeightLevels};
    // Adding 1.5 * 2^23 leaves the nearest integer in the lowest bits.
    const Reg magic = F32::set(12582912.0F);
    const Reg capped = F32::max(x, F32::set(-120));
    const Reg shifted = F32::add(capped, magic);
    const Reg rest = F32::sub(capped, F32::sub(shifted, magic));
    return V::add_exponent(F::polynomial(rest, kTerms), shifted);
  }

  // From a row's sums to its weights as words; returns the sum of the weights.
  static float softmax(std::int32_t* row, std::size_t length, float scale) {
    const std::size_t whole = length / kLanes * kLanes;
    Sums highest = V::load(row);
    for (std::size_t i = kLanes; i < whole; i += kLanes) {
      highest = V::max(highest, V::load(row + i));
    }
    std::int32_t most = whole == 0 ? row[0] : V::largest(highest);
    for (std::size_t i = whole; i < length; ++i) most = row[i] > most ? row[i] : most;
    const Reg factor = F32::set(scale);
    const Reg shift = F32::set(-static_cast<float>(most) * scale);
    auto* words = reinterpret_cast<std::int16_t*>(row);
    Reg total = F32::set(0);
    F::over_row(length, [&](std::size_t i, std::size_t count) {
      Reg here = weight(F32::fma(V::to_float(V::load(row + i)), factor, shift));
      if (count < kLanes) {
        float rest[kLanes];
        F32::store(rest, here);
        here = F32::load_partial(rest, count);
      }
      total = F32::add(total, here);
      V::store_words(words + i, here, kLanes);
    });
    return F32::sum(total);
  }

  // q[rows, head_dim] = weights * values, each row times its factor.
  static void gather(const AttentionHead& head, const Packed& packed, std::size_t rows,
                     const float* factors, float* q) {
    alignas(64) std::int32_t sums[kQueryBlock * kPanel];
    const auto* weights = reinterpret_cast<const std::int16_t*>(packed.scores);
    for (std::size_t key = 0; key < head.length; key += kKeysAtOnce) {
      const std::size_t pairs = (F::smaller(kKeysAtOnce, head.length - key) + 1) / 2;
      for (std::size_t column = 0; column < head.head_dim; column += kPanel) {
        multiply(rows, weights + key, 2 * packed.columns,
                 packed.values + column * even(head.length) + key * kPanel, pairs, sums, kPanel);
        const std::size_t columns = F::smaller(kPanel, head.head_dim - column);
        for (std::size_t r = 0; r < rows; ++r) {
          float* out = q + r * head.query_stride + column;
          const Reg factor = F32::set(factors[r]);
          F::over_row(columns, [&](std::size_t i, std::size_t here) {
            Reg value = F32::mul(V::to_float(V::load(sums + r * kPanel + i)), factor);
            if (key > 0) value = F32::add(F::load(out + i, here), value);
            F::store(out + i, value, here);
          });
        }
      }
    }
  }

  static bool plain(const AttentionHead& head) {
    return head.prefix_length == 0 && head.left == kUnlimited && head.right == kUnlimited &&
           head.distance_bias == nullptr && head.relative.query_terms == nullptr;
  }

  static void attention(const AttentionHead& head, float* scratch) {
    if (!plain(head)) return F::attention(head, scratch);
    constexpr float kLog2E = 1.44269504F;
    Packed packed = layout(head, scratch);
    pack_keys(head, packed);
    pack_values(head, packed);
    for (std::size_t first = 0; first < head.queries; first += kQueryBlock) {
      const std::size_t rows = F::smaller(kQueryBlock, head.queries - first);
      float* q = head.q + first * head.query_stride;
      float factors[kQueryBlock];
      for (std::size_t r = 0; r < rows; ++r) {
        const float* in = q + r * head.query_stride;
        factors[r] = range(in, 1, 0, head.head_dim) / packed.levels;
        to_words(in, head.head_dim, F32::set(inverse_of(factors[r])),
                 packed.queries + r * packed.depth);
      }
      score(packed, rows);
      for (std::size_t r = 0; r < rows; ++r) {
        const float scale = factors[r] * packed.key_step * head.scale * kLog2E;
        factors[r] =
            packed.value_step / softmax(packed.scores + r * packed.columns, head.length, scale);
      }
      gather(head, packed, rows, factors, q);
    }
  }

  static constexpr Kernels add_to(Kernels table) {
    table.attention_s16 = &attention;
    table.attention_scratch = &scratch;
    return table;
  }
};

}  // namespace podium::kernels
