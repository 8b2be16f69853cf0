// The fp32 kernels, written once over a vector type V and instantiated in one file per instruction
// set. V lives in that file's anonymous namespace, so every instantiation has internal linkage and
// no code compiled for a newer CPU can be picked up by the linker for an older one. For the same
// reason nothing here may call an inline function of another header.
//
// V: kWidth, kTileRows, Reg, load, load_partial(p, count: zeros beyond), store, store_partial,
// set(scalar), add, sub, mul, div, fma(a, b, c) = a*b + c, max, min, round (to nearest integer),
// power_of_2(integral reg), bf16_even and bf16_odd (every other word widened), abs, select_less(a,
// b, yes, no) = a < b ? yes : no, sum, largest.
//
// gemm: a tile of kTileRows x 2 vectors of outputs stays in registers while k runs; each step loads
// two vectors of the packed panel and broadcasts one float per row, so 2 * kTileRows multiply-adds
// stand against 2 loads. A row's result is one chain of multiply-adds over k in order.
#pragma once

#include "kernels/kernels.h"

namespace podium::kernels {

template <class V>
struct F32Kernels {
  using Reg = typename V::Reg;
  static constexpr std::size_t kWidth = V::kWidth;
  static constexpr std::size_t kPanel = 2 * kWidth;
  static constexpr std::size_t kTile = V::kTileRows;
  static constexpr std::size_t kQueryBlock = 2 * kTile;

  static constexpr std::size_t round_up(std::size_t n, std::size_t step) {
    return (n + step - 1) / step * step;
  }
  static constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

  // --- matrix product ------------------------------------------------------------------------

  template <std::size_t kRows>
  static void tile(const float* a, std::size_t lda, const float* b, std::size_t k,
                   const float* bias, float* c, std::size_t ldc, std::size_t cols) {
    Reg low[kRows];
    Reg high[kRows];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      low[r] = V::set(0);
      high[r] = V::set(0);
    }
    for (std::size_t i = 0; i < k; ++i) {
      const Reg b_low = V::load(b + i * kPanel);
      const Reg b_high = V::load(b + i * kPanel + kWidth);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const Reg x = V::set(a[r * lda + i]);
        low[r] = V::fma(x, b_low, low[r]);
        high[r] = V::fma(x, b_high, high[r]);
      }
    }
    const Reg bias_low = bias ? V::load(bias) : V::set(0);
    const Reg bias_high = bias ? V::load(bias + kWidth) : V::set(0);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      store_pair(c + r * ldc, V::add(low[r], bias_low), V::add(high[r], bias_high), cols);
    }
  }

  static void store_pair(float* c, Reg low, Reg high, std::size_t cols) {
    if (cols >= kPanel) {
      V::store(c, low);
      V::store(c + kWidth, high);
    } else if (cols > kWidth) {
      V::store(c, low);
      V::store_partial(c + kWidth, high, cols - kWidth);
    } else {
      V::store_partial(c, low, cols);
    }
  }

  using Tile = void (*)(const float*, std::size_t, const float*, std::size_t, const float*, float*,
                        std::size_t, std::size_t);
  template <std::size_t kRows>
  static Tile tile_of(std::size_t rows) {
    if (rows == kRows) return &tile<kRows>;
    if constexpr (kRows > 1) {
      return tile_of<kRows - 1>(rows);
    } else {
      return &tile<1>;
    }
  }

  // c[rows, n] = a * panels + bias; panels as in PackedF32.
  static void multiply(const float* a, std::size_t lda, std::size_t rows, const float* panels,
                       std::size_t n, std::size_t k, const float* bias, float* c, std::size_t ldc) {
    const Tile full = &tile<kTile>;
    const Tile rest = tile_of<kTile>(rows % kTile);
    for (std::size_t col = 0; col < n; col += kPanel) {
      const float* panel = panels + col * k;
      const float* panel_bias = bias ? bias + col : nullptr;
      for (std::size_t row = 0; row < rows; row += kTile) {
        const Tile compute = row + kTile <= rows ? full : rest;
        compute(a + row * lda, lda, panel, k, panel_bias, c + row * ldc + col, ldc, n - col);
      }
    }
  }

  static void gemm(const float* a, std::size_t lda, std::size_t rows, const PackedF32& w, float* c,
                   std::size_t ldc) {
    multiply(a, lda, rows, w.data.data(), w.n, w.k, w.bias.data(), c, ldc);
  }

  // --- exp, erf --------------------------------------------------------------------------------
  // Polynomials fitted by scripts/fit_vector_math.py; the bounds in ulp are measured by the tests.

  template <std::size_t kTerms>
  static Reg polynomial(Reg x, const float (&terms)[kTerms]) {
    Reg y = V::set(terms[kTerms - 1]);
    for (std::size_t i = kTerms - 1; i-- > 0;) y = V::fma(y, x, V::set(terms[i]));
    return y;
  }

  // exp(x) for x <= 88; zero below -87.3, where the result would be subnormal (and slow to use).
  static Reg exp(Reg x) {
    static constexpr float kTerms[] = {0.5F, 0.166665181517601F, 0.04166620597243309F,
                                       0.008368954062461853F, 0.0013950600987300277F};
    const Reg lowest = V::set(-87.33654F);
    const Reg capped = V::max(x, lowest);
    const Reg n = V::round(V::mul(capped, V::set(1.44269504F)));
    Reg r = V::fma(n, V::set(-0.693359375F), capped);  // ln 2 in two parts, the first exact
    r = V::fma(n, V::set(2.12194440e-4F), r);
    const Reg square = V::mul(r, r);
    const Reg y = V::add(V::fma(square, polynomial(r, kTerms), r), V::set(1));
    return V::select_less(x, lowest, V::set(0), V::mul(y, V::power_of_2(n)));
  }

  static Reg erf(Reg x) {
    static constexpr float kSmall[] = {1.1283791065216064F,   -0.3761262595653534F,
                                       0.1128358542919159F,   -0.026853812858462334F,
                                       0.005188327748328447F, -0.0008010193123482168F,
                                       7.853857096051797e-05F};  // erf(x)/x in x^2, |x| < 1
    static constexpr float kLogErfc[] = {-0.00033267305116169155F, -1.1271225214004517F,
                                         -0.6380934715270996F,     -0.10314806550741196F,
                                         0.021856358274817467F,    -0.00295188813470304F,
                                         0.00018677815387491137F};  // ln erfc(x), 1 <= x <= 4
    const Reg magnitude = V::abs(x);
    const Reg small = V::mul(x, polynomial(V::mul(x, x), kSmall));
    const Reg capped = V::sub(V::set(0), V::max(V::sub(V::set(0), magnitude), V::set(-4)));
    const Reg large = V::sub(V::set(1), exp(polynomial(capped, kLogErfc)));
    const Reg signed_large = V::select_less(x, V::set(0), V::sub(V::set(0), large), large);
    return V::select_less(magnitude, V::set(1), small, signed_large);
  }

  static Reg gelu(Reg x) {
    const Reg half = V::mul(x, V::set(0.5F));
    return V::fma(half, erf(V::mul(x, V::set(0.70710678F))), half);
  }

  template <Reg (*function)(Reg)>
  static void map_all(float* x, std::size_t count) {
    over_row(count, [&](std::size_t i, std::size_t here) {
      store(x + i, function(load(x + i, here)), here);
    });
  }

  static Reg silu(Reg x) {
    const Reg capped = V::sub(V::set(0), V::max(x, V::set(-87)));  // exp overflows at 88
    return V::div(x, V::add(V::set(1), exp(capped)));
  }

  template <Reg (*activation)(Reg)>
  static void gate_all(float* x, const float* y, std::size_t count) {
    over_row(count, [&](std::size_t i, std::size_t here) {
      store(x + i, V::mul(activation(load(x + i, here)), load(y + i, here)), here);
    });
  }

  // --- layer norm ------------------------------------------------------------------------------

  // Calls step(i, values loaded, count) over a row.
  template <class Step>
  static void over_row(std::size_t cols, Step step) {
    std::size_t i = 0;
    for (; i + kWidth <= cols; i += kWidth) step(i, kWidth);
    if (i < cols) step(i, cols - i);
  }
  static Reg load(const float* p, std::size_t count) {
    return count == kWidth ? V::load(p) : V::load_partial(p, count);
  }
  static void store(float* p, Reg x, std::size_t count) {
    if (count == kWidth) {
      V::store(p, x);
    } else {
      V::store_partial(p, x, count);
    }
  }

  static void add_layer_norm(float* x, const float* residual, const float* gamma, const float* beta,
                             float eps, float* out, std::size_t rows, std::size_t cols) {
    for (std::size_t row = 0; row < rows; ++row) {
      float* values = x + row * cols;
      Reg total = V::set(0);
      over_row(cols, [&](std::size_t i, std::size_t count) {
        Reg value = load(values + i, count);
        if (residual) value = V::add(value, load(residual + row * cols + i, count));
        store(values + i, value, count);
        total = V::add(total, value);
      });
      const float mean = V::sum(total) / static_cast<float>(cols);
      Reg squares = V::set(0);
      over_row(cols, [&](std::size_t i, std::size_t count) {
        const Reg mean_here = count == kWidth ? V::set(mean) : V::first(mean, count);
        const Reg difference = V::sub(load(values + i, count), mean_here);
        squares = V::fma(difference, difference, squares);
      });
      const float variance = V::sum(squares) / static_cast<float>(cols);
      const float inverse = 1.0F / __builtin_sqrtf(variance + eps);
      over_row(cols, [&](std::size_t i, std::size_t count) {
        const Reg normal = V::mul(V::sub(load(values + i, count), V::set(mean)), V::set(inverse));
        store(out + row * cols + i, V::fma(normal, load(gamma + i, count), load(beta + i, count)),
              count);
      });
    }
  }

  static void rms_norm(const float* x, const float* gamma, float eps, float* out, std::size_t rows,
                       std::size_t cols, std::size_t stride) {
    for (std::size_t row = 0; row < rows; ++row) {
      const float* values = x + row * stride;
      Reg squares = V::set(0);
      over_row(cols, [&](std::size_t i, std::size_t count) {
        const Reg value = load(values + i, count);
        squares = V::fma(value, value, squares);
      });
      const float mean = V::sum(squares) / static_cast<float>(cols);
      const Reg inverse = V::set(1.0F / __builtin_sqrtf(mean + eps));
      over_row(cols, [&](std::size_t i, std::size_t count) {
        const Reg normal = V::mul(load(values + i, count), inverse);
        store(out + row * stride + i, V::mul(normal, load(gamma + i, count)), count);
      });
    }
  }

  // --- attention -------------------------------------------------------------------------------
  // Scratch: keys as panels [length up to kPanel][head_dim][kPanel], values as panels
  // [head_dim up to kPanel][length][kPanel], and the scores of one block of queries.

  static std::size_t attention_scratch(std::size_t length, std::size_t head_dim) {
    const std::size_t columns = round_up(length, kPanel);
    return columns * head_dim + round_up(head_dim, kPanel) * length + kQueryBlock * columns;
  }

  // Row `key` of the keys or values, of which the first ones lie elsewhere.
  static const float* row_of(const AttentionHead& head, const float* prefix, const float* own,
                             std::size_t key) {
    return key < head.prefix_length ? prefix + key * head.prefix_stride
                                    : own + (key - head.prefix_length) * head.stride;
  }

  static void pack_keys(const AttentionHead& head, float* panels) {
    for (std::size_t key = 0; key < round_up(head.length, kPanel); ++key) {
      float* out = panels + key / kPanel * kPanel * head.head_dim + key % kPanel;
      const float* in = row_of(head, head.prefix_k, head.k, key);
      for (std::size_t i = 0; i < head.head_dim; ++i) {
        out[i * kPanel] = key < head.length ? in[i] : 0.0F;
      }
    }
  }

  static void pack_values(const AttentionHead& head, float* panels) {
    for (std::size_t col = 0; col < head.head_dim; col += kPanel) {
      const std::size_t count = smaller(kPanel, head.head_dim - col);
      float* out = panels + col * head.length;
      for (std::size_t key = 0; key < head.length; ++key, out += kPanel) {
        const float* in = row_of(head, head.prefix_v, head.v, key) + col;
        for (std::size_t i = 0; i < kPanel; ++i) out[i] = i < count ? in[i] : 0.0F;
      }
    }
  }

  static void softmax(float* row, std::size_t length, float scale) {
    Reg highest = V::set(-__builtin_inff());
    std::size_t i = 0;
    for (; i + kWidth <= length; i += kWidth) highest = V::max(highest, V::load(row + i));
    float peak = V::largest(highest);
    for (; i < length; ++i) peak = row[i] > peak ? row[i] : peak;
    const Reg shift = V::set(-peak * scale);
    Reg total = V::set(0);
    for (i = 0; i + kWidth <= length; i += kWidth) {
      const Reg value = exp(V::fma(V::load(row + i), V::set(scale), shift));
      V::store(row + i, value);
      total = V::add(total, value);
    }
    if (i < length) {
      const std::size_t count = length - i;
      const Reg value = exp(V::fma(V::load_partial(row + i, count), V::set(scale), shift));
      V::store_partial(row + i, value, count);
      total = V::add(total, V::load_partial(row + i, count));
    }
    const Reg inverse = V::set(1.0F / V::sum(total));
    over_row(length, [&](std::size_t at, std::size_t count) {
      store(row + at, V::mul(load(row + at, count), inverse), count);
    });
  }

  // Adds to the scores of the query at position i what depends on the distance.
  static void add_bias(const AttentionHead& head, std::size_t query, float* row, std::size_t begin,
                       std::size_t end) {
    const auto i = static_cast<std::ptrdiff_t>(head.first_query + query);
    const RelativeTerms& relative = head.relative;
    if (relative.query_terms) {
      const float* own = relative.query_terms + query * relative.classes;
      const std::int32_t* index = relative.index + i;
      for (std::size_t j = begin; j < end; ++j) {
        const std::int32_t c = index[-static_cast<std::ptrdiff_t>(j)];
        row[j] += own[c] + relative.key_terms[j * relative.classes + static_cast<std::size_t>(c)];
      }
    }
    if (!head.distance_bias) return;
    const float* bias = head.distance_bias - i;
    const Reg scale = V::set(head.scale);
    over_row(end - begin, [&](std::size_t at, std::size_t count) {
      float* here = row + begin + at;
      store(here, V::fma(load(here, count), scale, load(bias + begin + at, count)), count);
    });
  }

  // From q.k of one query to the weights of all keys; what the query does not see gets none.
  static void weigh(const AttentionHead& head, std::size_t query, float* row) {
    const std::size_t i = head.first_query + query;
    const std::size_t begin = head.left < i ? i - head.left : 0;
    const std::size_t end = head.right < head.length - i ? i + head.right + 1 : head.length;
    if (head.distance_bias || head.relative.query_terms) add_bias(head, query, row, begin, end);
    softmax(row + begin, end - begin, head.distance_bias ? 1.0F : head.scale);
    for (std::size_t j = 0; j < begin; ++j) row[j] = 0;
    for (std::size_t j = end; j < head.length; ++j) row[j] = 0;
  }

  static void attention(const AttentionHead& head, float* scratch) {
    const std::size_t columns = round_up(head.length, kPanel);
    float* keys = scratch;
    float* values = keys + columns * head.head_dim;
    float* scores = values + round_up(head.head_dim, kPanel) * head.length;
    pack_keys(head, keys);
    pack_values(head, values);
    for (std::size_t first = 0; first < head.queries; first += kQueryBlock) {
      const std::size_t rows = smaller(kQueryBlock, head.queries - first);
      float* q = head.q + first * head.query_stride;
      multiply(q, head.query_stride, rows, keys, columns, head.head_dim, nullptr, scores, columns);
      for (std::size_t r = 0; r < rows; ++r) {
        weigh(head, first + r, scores + r * columns);
      }
      multiply(scores, columns, rows, values, head.head_dim, head.length, nullptr, q,
               head.query_stride);
    }
  }

  static constexpr Kernels table(const char* name) {
    Kernels set;
    set.name = name;
    set.panel_f32 = kPanel;
    set.row_tile = kTile;
    set.gemm_f32 = &gemm;
    set.exp_f32 = &map_all<exp>;
    set.erf_f32 = &map_all<erf>;
    set.gelu_f32 = &map_all<gelu>;
    set.gelu_gate_f32 = &gate_all<gelu>;
    set.silu_gate_f32 = &gate_all<silu>;
    set.add_layer_norm_f32 = &add_layer_norm;
    set.rms_norm_f32 = &rms_norm;
    set.attention_f32 = &attention;
    set.attention_scratch = &attention_scratch;
    return set;
  }
};

}  // namespace podium::kernels
