// The oracle: every kernel as its formula reads, one number after the other, summed in double.
// Never optimised.
#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

#include "kernels/kernels.h"

namespace podium::kernels {

namespace {

constexpr std::size_t kPanel = 4;

void gemm(const float* a, std::size_t lda, std::size_t rows, const PackedF32& w, float* c,
          std::size_t ldc) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < w.n; ++col) {
      const float* weights = w.data.data() + col / kPanel * kPanel * w.k + col % kPanel;
      double sum = w.bias.data()[col];
      for (std::size_t i = 0; i < w.k; ++i) {
        sum += static_cast<double>(a[row * lda + i]) * static_cast<double>(weights[i * kPanel]);
      }
      c[row * ldc + col] = static_cast<float>(sum);
    }
  }
}

void gemm_bf16(const float* a, std::size_t lda, std::size_t rows, const PackedBf16& w, float* c,
               std::size_t ldc, float* /*scratch*/) {
  const std::size_t depth = (w.k + 1) / 2 * 2;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t col = 0; col < w.n; ++col) {
      const std::uint16_t* words = w.data.data() + col / kPanel * kPanel * depth + col % kPanel * 2;
      double sum = static_cast<double>(w.bias.data()[col]);
      for (std::size_t i = 0; i < w.k; ++i) {
        const std::uint32_t word = words[i / 2 * 2 * kPanel + i % 2];
        sum += static_cast<double>(a[row * lda + i]) *
               static_cast<double>(std::bit_cast<float>(word << 16));
      }
      c[row * ldc + col] = static_cast<float>(sum);
    }
  }
}

void exp(float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = x[i] < -87.33654F ? 0.0F : static_cast<float>(std::exp(static_cast<double>(x[i])));
  }
}

void erf(float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = static_cast<float>(std::erf(static_cast<double>(x[i])));
  }
}

void gelu(float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double value = x[i];
    x[i] = static_cast<float>(value / 2 * (1 + std::erf(value / std::sqrt(2.0))));
  }
}

void gelu_gate(float* x, const float* y, std::size_t count) {
  gelu(x, count);
  for (std::size_t i = 0; i < count; ++i) x[i] *= y[i];
}

void silu_gate(float* x, const float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double value = x[i];
    x[i] = static_cast<float>(value / (1 + std::exp(-value)) * static_cast<double>(y[i]));
  }
}

void rms_norm(const float* x, const float* gamma, float eps, float* out, std::size_t rows,
              std::size_t cols, std::size_t stride) {
  for (std::size_t row = 0; row < rows; ++row) {
    double squares = 0;
    for (std::size_t i = 0; i < cols; ++i) {
      squares +=
          static_cast<double>(x[row * stride + i]) * static_cast<double>(x[row * stride + i]);
    }
    const double inverse =
        1 / std::sqrt(squares / static_cast<double>(cols) + static_cast<double>(eps));
    for (std::size_t i = 0; i < cols; ++i) {
      out[row * stride + i] = static_cast<float>(static_cast<double>(x[row * stride + i]) *
                                                 inverse * static_cast<double>(gamma[i]));
    }
  }
}

void add_layer_norm(float* x, const float* residual, const float* gamma, const float* beta,
                    float eps, float* out, std::size_t rows, std::size_t cols) {
  for (std::size_t row = 0; row < rows; ++row) {
    const auto value = [&](std::size_t i) {
      const double r = residual ? static_cast<double>(residual[row * cols + i]) : 0.0;
      return static_cast<double>(x[row * cols + i]) + r;
    };
    double mean = 0;
    for (std::size_t i = 0; i < cols; ++i) mean += value(i);
    mean /= static_cast<double>(cols);
    double variance = 0;
    for (std::size_t i = 0; i < cols; ++i) variance += (value(i) - mean) * (value(i) - mean);
    variance /= static_cast<double>(cols);
    const double inverse = 1 / std::sqrt(variance + static_cast<double>(eps));
    for (std::size_t i = 0; i < cols; ++i) {
      const double normal = (value(i) - mean) * inverse;
      out[row * cols + i] =
          static_cast<float>(normal * static_cast<double>(gamma[i]) + static_cast<double>(beta[i]));
    }
  }
}

std::size_t attention_scratch(std::size_t length, std::size_t head_dim) {
  return length + head_dim;
}

const float* row_of(const AttentionHead& head, const float* prefix, const float* own,
                    std::size_t key) {
  return key < head.prefix_length ? prefix + key * head.prefix_stride
                                  : own + (key - head.prefix_length) * head.stride;
}

// The score of the key at j for the query at i, the `query`-th of the head; -inf if it is not seen.
double score(const AttentionHead& head, std::size_t query, std::size_t j) {
  const std::size_t i = head.first_query + query;
  if ((j < i && i - j > head.left) || (j > i && j - i > head.right)) return -INFINITY;
  const float* q = head.q + query * head.query_stride;
  const float* k = row_of(head, head.prefix_k, head.k, j);
  double sum = 0;
  for (std::size_t d = 0; d < head.head_dim; ++d) {
    sum += static_cast<double>(q[d]) * static_cast<double>(k[d]);
  }
  const auto distance = static_cast<std::ptrdiff_t>(j) - static_cast<std::ptrdiff_t>(i);
  if (const RelativeTerms& terms = head.relative; terms.query_terms != nullptr) {
    const auto c = static_cast<std::size_t>(terms.index[-distance]);
    sum += static_cast<double>(terms.query_terms[query * terms.classes + c]);
    sum += static_cast<double>(terms.key_terms[j * terms.classes + c]);
  }
  sum *= static_cast<double>(head.scale);
  return head.distance_bias ? sum + static_cast<double>(head.distance_bias[distance]) : sum;
}

void attend_one(const AttentionHead& head, std::size_t query, float* weights, float* out) {
  double peak = -INFINITY;
  for (std::size_t key = 0; key < head.length; ++key) {
    weights[key] = static_cast<float>(score(head, query, key));
    peak = std::max(peak, static_cast<double>(weights[key]));
  }
  double total = 0;
  for (std::size_t key = 0; key < head.length; ++key) {
    total += std::exp(static_cast<double>(weights[key]) - peak);
  }
  for (std::size_t i = 0; i < head.head_dim; ++i) {
    double sum = 0;
    for (std::size_t key = 0; key < head.length; ++key) {
      sum += std::exp(static_cast<double>(weights[key]) - peak) *
             static_cast<double>(row_of(head, head.prefix_v, head.v, key)[i]);
    }
    out[i] = static_cast<float>(sum / total);
  }
  std::copy_n(out, head.head_dim, head.q + query * head.query_stride);
}

void attention(const AttentionHead& head, float* scratch) {
  for (std::size_t query = 0; query < head.queries; ++query) {
    attend_one(head, query, scratch, scratch + head.length);
  }
}

std::int32_t sum_products(const std::uint8_t* a, const PackedS8& w, std::size_t col) {
  const std::int8_t* weights = w.values + col / w.panel * w.panel * w.depth + col % w.panel * 4;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < w.k; ++i) {
    sum += static_cast<std::int32_t>(a[i]) * weights[i / 4 * 4 * w.panel + i % 4];
  }
  return sum;
}

float quick_gelu(float x) {
  const float capped = std::max(std::min(x, kNormalCdfEnd), -kNormalCdfEnd);
  float y = kNormalCdf[std::size(kNormalCdf) - 1];
  for (std::size_t i = std::size(kNormalCdf) - 1; i-- > 0;) {
    y = std::fma(y, capped * capped, kNormalCdf[i]);
  }
  const float half = x * 0.5F;
  return std::fma(half, capped * y, half);
}

void gemm_s8(const QuantizedRows& a, const PackedS8& w, Epilogue epilogue, float* c,
             std::size_t ldc) {
  for (std::size_t row = 0; row < a.rows; ++row) {
    const RowScale scale = a.scales[row];
    for (std::size_t col = 0; col < w.n; ++col) {
      const std::int32_t sum = sum_products(a.values + row * a.stride, w, col);
      const auto centred = static_cast<float>(sum - scale.zero * w.sums[col]);
      const float value = std::fma(centred, scale.scale * w.scales[col], w.bias[col]);
      c[row * ldc + col] = epilogue == Epilogue::gelu ? quick_gelu(value) : value;
    }
  }
}

void quantize_u8(const float* x, std::size_t ldx, std::size_t rows, std::size_t k, int levels,
                 std::uint8_t* values, std::size_t stride, RowScale* scales) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* in = x + row * ldx;
    const float high = std::max(0.0F, *std::max_element(in, in + k));
    const float low = std::min(0.0F, *std::min_element(in, in + k));
    const float range = high - low;
    const auto steps = static_cast<float>(levels);
    const float inverse = range > 0 ? steps / range : 0.0F;
    const auto zero = static_cast<std::int32_t>(std::nearbyint(-low * inverse));
    scales[row] = {range > 0 ? range / steps : 0.0F, zero};
    for (std::size_t i = 0; i < stride; ++i) {
      const float scaled = i < k ? std::nearbyint(in[i] * inverse) : 0.0F;
      const std::int32_t value = i < k ? static_cast<std::int32_t>(scaled) + zero : 0;
      values[row * stride + i] = static_cast<std::uint8_t>(std::clamp(value, 0, levels));
    }
  }
}

constexpr Kernels make_table() {
  Kernels set;
  set.name = "reference";
  set.panel_f32 = kPanel;
  set.row_tile = 1;
  set.gemm_f32 = &gemm;
  set.gemm_bf16 = &gemm_bf16;
  set.exp_f32 = &exp;
  set.erf_f32 = &erf;
  set.gelu_f32 = &gelu;
  set.gelu_gate_f32 = &gelu_gate;
  set.silu_gate_f32 = &silu_gate;
  set.add_layer_norm_f32 = &add_layer_norm;
  set.rms_norm_f32 = &rms_norm;
  set.attention_f32 = &attention;
  set.attention_scratch = &attention_scratch;
  set.panel_s8 = kPanel;
  set.levels_u8 = 255;
  set.gemm_s8 = &gemm_s8;
  set.attention_s16 = &attention;
  set.quantize_u8 = &quantize_u8;
  return set;
}
constexpr Kernels kTable = make_table();

}  // namespace

const Kernels& reference() { return kTable; }

}  // namespace podium::kernels
