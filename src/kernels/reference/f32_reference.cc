// The oracle: every kernel as its formula reads, one number after the other, summed in double.
// Never optimised.
#include <algorithm>
#include <cmath>

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

void gelu(float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double value = x[i];
    x[i] = static_cast<float>(value / 2 * (1 + std::erf(value / std::sqrt(2.0))));
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

void attend_one(const AttentionHead& head, std::size_t query, float* weights, float* out) {
  float* q = head.q + query * head.query_stride;
  double peak = -INFINITY;
  for (std::size_t key = 0; key < head.length; ++key) {
    double dot = 0;
    for (std::size_t i = 0; i < head.head_dim; ++i) {
      dot += static_cast<double>(q[i]) * static_cast<double>(head.k[key * head.stride + i]);
    }
    weights[key] = static_cast<float>(dot * static_cast<double>(head.scale));
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
             static_cast<double>(head.v[key * head.stride + i]);
    }
    out[i] = static_cast<float>(sum / total);
  }
  std::copy_n(out, head.head_dim, q);
}

void attention(const AttentionHead& head, float* scratch) {
  for (std::size_t query = 0; query < head.queries; ++query) {
    attend_one(head, query, scratch, scratch + head.length);
  }
}

constexpr Kernels kTable{"reference", kPanel,          1,          &gemm,
                         &gelu,       &add_layer_norm, &attention, &attention_scratch};

}  // namespace

const Kernels& reference() { return kTable; }

}  // namespace podium::kernels
