// Every fp32 kernel of every instruction set this machine has, against the scalar reference over
// odd shapes. Tolerances follow from the inputs: a sum of k products is off by at most about k *
// eps * sum |a b|, usually far less.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "kernels/kernels.h"

namespace podium::kernels {
namespace {

constexpr float kEps = std::numeric_limits<float>::epsilon();

class F32 : public testing::TestWithParam<const Kernels*> {
 protected:
  std::vector<float> randoms(std::size_t count, float spread = 1) {
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  const Kernels& kernels() const { return *GetParam(); }
  std::mt19937 random_{42};
};

std::vector<const Kernels*> available() {
  std::vector<const Kernels*> list;
  for (const Candidate& c : candidates()) {
    if (c.available) list.push_back(c.kernels);
  }
  return list;
}

std::string name_of(const testing::TestParamInfo<const Kernels*>& set) {
  return std::string(set.param->name);
}

INSTANTIATE_TEST_SUITE_P(Sets, F32, testing::ValuesIn(available()), name_of);

PackedF32 pack(const Kernels& kernels, const std::vector<float>& weights, std::size_t n,
               std::size_t k, const std::vector<float>& bias) {
  return pack_f32(
      kernels, n, k,
      [&](std::size_t row, float* out) { std::memcpy(out, &weights[row * k], k * sizeof(float)); },
      bias);
}

TEST_P(F32, GemmEqualsTheReference) {
  for (const std::size_t rows : {1, 2, 5, 6, 7, 11, 12, 13, 24, 31}) {
    for (const std::size_t n : {1, 3, 4, 15, 16, 17, 31, 32, 33, 48, 70}) {
      for (const std::size_t k : {1, 2, 7, 12, 64, 129}) {
        const std::size_t lda = k + 3;
        const auto a = randoms(rows * lda);
        const auto w = randoms(n * k);
        const auto bias = randoms(n);
        std::vector<float> c(rows * (n + 5), 777.0F);
        std::vector<float> expected(c);
        kernels().gemm_f32(a.data(), lda, rows, pack(kernels(), w, n, k, bias), c.data(), n + 5);
        reference().gemm_f32(a.data(), lda, rows, pack(reference(), w, n, k, bias), expected.data(),
                             n + 5);
        for (std::size_t i = 0; i < c.size(); ++i) {
          const float bound = i % (n + 5) < n ? 16 * kEps * std::sqrt(static_cast<float>(k)) : 0;
          ASSERT_NEAR(c[i], expected[i], bound * 4) << rows << "x" << n << "x" << k << " at " << i;
        }
      }
    }
  }
}

// The promise of the room: a row's bits do not depend on the rows beside it.
TEST_P(F32, ARowDoesNotDependOnItsNeighbours) {
  const std::size_t rows = 37;
  const std::size_t n = 70;
  const std::size_t k = 96;
  const auto a = randoms(rows * k);
  const auto packed = pack(kernels(), randoms(n * k), n, k, randoms(n));
  std::vector<float> together(rows * n);
  kernels().gemm_f32(a.data(), k, rows, packed, together.data(), n);
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<float> alone(n);
    kernels().gemm_f32(&a[row * k], k, 1, packed, alone.data(), n);
    ASSERT_EQ(std::memcmp(alone.data(), &together[row * n], n * sizeof(float)), 0) << row;
  }
}

// Where activations are rounded to bf16 too, each product is off by up to 2^-8.
TEST_P(F32, Bf16GemmEqualsTheReference) {
  const bool rounds = kernels().name == "avx512_bf16";
  for (const std::size_t rows : {1, 5, 13, 31}) {
    for (const std::size_t n : {1, 15, 17, 33, 70}) {
      for (const std::size_t k : {1, 2, 7, 64, 129}) {
        const std::size_t lda = k + 3;
        const auto a = randoms(rows * lda);
        const auto w = randoms(n * k);
        const auto bias = randoms(n);
        const auto product = [&](const Kernels& set, std::size_t first, std::size_t count) {
          PackedBf16 packed = make_bf16(set, n, k, bias);
          for (std::size_t row = 0; row < n; ++row) pack_row_bf16(packed, row, &w[row * k]);
          std::vector<float> c(count * (n + 5), 777.0F);
          std::vector<float> scratch(count * (k + 1) / 2 + 1);
          set.gemm_bf16(&a[first * lda], lda, count, packed, c.data(), n + 5, scratch.data());
          return c;
        };
        const auto ours = product(kernels(), 0, rows);
        const auto expected = product(reference(), 0, rows);
        for (std::size_t i = 0; i < ours.size(); ++i) {
          const float step = rounds ? 1.0F / 256 : 16 * kEps;
          const float bound = i % (n + 5) < n ? 4 * step * std::sqrt(static_cast<float>(k)) : 0;
          ASSERT_NEAR(ours[i], expected[i], bound) << rows << "x" << n << "x" << k << " at " << i;
        }
        const auto last = product(kernels(), rows - 1, 1);
        ASSERT_EQ(std::memcmp(last.data(), &ours[(rows - 1) * (n + 5)], n * sizeof(float)), 0);
      }
    }
  }
}

TEST_P(F32, Bf16WeightsAreRoundedToNearestEven) {
  const std::vector<float> w = {1.0F, 1.00390625F, 1.01171875F, -1.005F, 3.0e38F, 0.0F};
  const std::vector<float> expected = {1.0F, 1.0F, 1.015625F, -1.0078125F, 2.9976e38F, 0.0F};
  PackedBf16 packed = make_bf16(kernels(), w.size(), 1, {});
  for (std::size_t row = 0; row < w.size(); ++row) pack_row_bf16(packed, row, &w[row]);
  std::vector<float> c(w.size());
  std::vector<float> scratch(1);
  const float one = 1;
  kernels().gemm_bf16(&one, 1, 1, packed, c.data(), c.size(), scratch.data());
  for (std::size_t i = 0; i < c.size(); ++i) {
    EXPECT_NEAR(c[i], expected[i], std::abs(expected[i]) * 1e-3F * (i == 4 ? 10.0F : 0.01F)) << i;
  }
}

// The distance from the rounded exact value, in steps of that value.
float worst_ulp(const std::vector<float>& ours, const std::vector<float>& exact) {
  float worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const float step = std::nextafter(std::abs(exact[i]), INFINITY) - std::abs(exact[i]);
    worst = std::max(worst, std::abs(ours[i] - exact[i]) / step);
  }
  return worst;
}

// The bounds that kernels.h states, on every 1021st float of the range and its ends.
TEST_P(F32, ExpAndErfKeepTheirBoundsInUlp) {
  const auto floats = [](float from, float to, bool negative) {
    std::vector<float> values;
    auto bits = std::bit_cast<std::uint32_t>(from);
    for (; bits <= std::bit_cast<std::uint32_t>(to); bits += 1021) {
      values.push_back(negative ? -std::bit_cast<float>(bits) : std::bit_cast<float>(bits));
    }
    return values;
  };
  for (const bool negative : {false, true}) {
    auto ours = floats(1e-10F, negative ? 87.3F : 88.0F, negative);
    auto exact = ours;
    kernels().exp_f32(ours.data(), ours.size());
    reference().exp_f32(exact.data(), exact.size());
    EXPECT_LE(worst_ulp(ours, exact), 2) << "exp";
    ours = floats(1e-30F, 20.0F, negative);
    exact = ours;
    kernels().erf_f32(ours.data(), ours.size());
    reference().erf_f32(exact.data(), exact.size());
    EXPECT_LE(worst_ulp(ours, exact), 4) << "erf";
  }
  std::vector<float> ends = {0.0F, -88.0F, -1e30F};
  kernels().exp_f32(ends.data(), ends.size());
  EXPECT_EQ(ends, (std::vector<float>{1.0F, 0.0F, 0.0F}));
}

TEST_P(F32, GeluEqualsTheReference) {
  std::vector<float> x;
  for (float value = -12; value < 12; value += 0.0037F) x.push_back(value);
  for (float value = 1e-30F; value < 1; value *= 3) x.push_back(value);
  x.insert(x.end(), {0.0F, -0.0F, 40.0F, -40.0F, 1e30F, -1e30F});
  std::vector<float> expected(x);
  const std::vector<float> input(x);
  kernels().gelu_f32(x.data(), x.size());
  reference().gelu_f32(expected.data(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    // Relative to |x|: below zero gelu is a difference of two nearly equal numbers.
    ASSERT_NEAR(x[i], expected[i], 2 * kEps * std::abs(input[i])) << input[i];
  }
}

TEST_P(F32, LayerNormEqualsTheReference) {
  for (const std::size_t cols : {1, 3, 4, 5, 15, 16, 17, 48, 100, 384}) {
    const std::size_t rows = 3;
    const auto x = randoms(rows * cols, 3);
    const auto residual = randoms(rows * cols);
    const auto gamma = randoms(cols);
    const auto beta = randoms(cols);
    for (const float* added : {residual.data(), static_cast<const float*>(nullptr)}) {
      std::vector<float> ours(x);
      std::vector<float> theirs(x);
      kernels().add_layer_norm_f32(ours.data(), added, gamma.data(), beta.data(), 1e-5F,
                                   ours.data(), rows, cols);
      reference().add_layer_norm_f32(theirs.data(), added, gamma.data(), beta.data(), 1e-5F,
                                     theirs.data(), rows, cols);
      for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_NEAR(ours[i], theirs[i], 64 * kEps * (1 + std::abs(theirs[i]))) << cols;
      }
    }
  }
}

TEST_P(F32, AttentionEqualsTheReference) {
  for (const std::size_t length : {1, 2, 5, 16, 31, 33, 64, 100, 200}) {
    for (const std::size_t head_dim : {1, 12, 16, 32, 40, 64}) {
      for (const std::size_t queries : {std::size_t{1}, length}) {
        const std::size_t stride = 3 * head_dim + 2;
        auto ours = randoms(length * stride);
        auto theirs = ours;
        const auto run = [&](const Kernels& set, std::vector<float>& qkv) {
          std::vector<float> scratch(set.attention_scratch(length, head_dim));
          set.attention_f32({.q = qkv.data(),
                             .k = qkv.data() + head_dim,
                             .v = qkv.data() + 2 * head_dim,
                             .stride = stride,
                             .query_stride = stride,
                             .length = length,
                             .queries = queries,
                             .head_dim = head_dim,
                             .scale = 0.7F},
                            scratch.data());
        };
        run(kernels(), ours);
        run(reference(), theirs);
        for (std::size_t i = 0; i < ours.size(); ++i) {
          ASSERT_NEAR(ours[i], theirs[i], 2e-5F) << length << " " << head_dim << " at " << i;
        }
      }
    }
  }
}

// What a head may add to plain attention, one thing at a time and all together.
struct Extras {
  std::size_t prefix, first, left, right;
  bool distance_bias, relative;
};

TEST_P(F32, AttentionWithExtrasEqualsTheReference) {
  const std::vector<Extras> extras = {{7, 0, kUnlimited, kUnlimited, false, false},
                                      {0, 0, kUnlimited, 0, false, false},
                                      {20, 20, kUnlimited, 0, false, false},
                                      {0, 9, 4, 4, false, false},
                                      {0, 0, 3, 1, false, false},
                                      {0, 0, kUnlimited, kUnlimited, true, false},
                                      {0, 0, kUnlimited, kUnlimited, false, true},
                                      {5, 6, 17, 2, true, true}};
  constexpr std::size_t kClasses = 6;
  for (const Extras& extra : extras) {
    for (const std::size_t own : {20, 33, 70}) {
      const std::size_t head_dim = 12;
      const std::size_t length = extra.prefix + own;
      const std::size_t queries = std::min<std::size_t>(length - extra.first, 15);
      const std::size_t stride = 2 * head_dim + 3;
      const auto q = randoms(queries * head_dim);
      const auto kv = randoms(length * stride);
      const auto bias = randoms(2 * length);
      const auto query_terms = randoms(queries * kClasses);
      const auto key_terms = randoms(length * kClasses);
      std::vector<std::int32_t> index(2 * length);
      for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int>(i % kClasses);
      const auto run = [&](const Kernels& set) {
        std::vector<float> out(q);
        std::vector<float> scratch(set.attention_scratch(length, head_dim));
        AttentionHead head{.q = out.data(),
                           .k = kv.data() + extra.prefix * stride,
                           .v = kv.data() + extra.prefix * stride + head_dim,
                           .stride = stride,
                           .query_stride = head_dim,
                           .length = length,
                           .queries = queries,
                           .head_dim = head_dim,
                           .scale = 0.6F};
        // The same rows, told as a prefix elsewhere.
        const std::vector<float> prefix(kv.begin(),
                                        kv.begin() + static_cast<int>(extra.prefix * stride));
        head.prefix_k = prefix.data();
        head.prefix_v = prefix.empty() ? nullptr : prefix.data() + head_dim;
        head.prefix_stride = stride;
        head.prefix_length = extra.prefix;
        head.first_query = extra.first;
        head.left = extra.left;
        head.right = extra.right;
        if (extra.distance_bias) head.distance_bias = bias.data() + length;
        if (extra.relative) {
          head.relative = {index.data() + length, query_terms.data(), key_terms.data(), kClasses};
        }
        set.attention_f32(head, scratch.data());
        return out;
      };
      const auto ours = run(kernels());
      const auto theirs = run(reference());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_NEAR(ours[i], theirs[i], 2e-5F) << &extra - extras.data() << " " << own << " " << i;
      }
    }
  }
}

TEST_P(F32, GatesEqualTheReference) {
  std::vector<float> x;
  for (float value = -12; value < 12; value += 0.0137F) x.push_back(value);
  x.insert(x.end(), {0.0F, -0.0F, 40.0F, -40.0F, 100.0F, -100.0F, 1e30F, -1e30F});
  const auto y = randoms(x.size());
  for (const auto gate : {&Kernels::gelu_gate_f32, &Kernels::silu_gate_f32}) {
    std::vector<float> ours(x);
    std::vector<float> theirs(x);
    (kernels().*gate)(ours.data(), y.data(), x.size());
    (reference().*gate)(theirs.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(ours[i], theirs[i], 4 * kEps * std::abs(x[i] * y[i])) << x[i];
    }
  }
}

TEST_P(F32, RmsNormEqualsTheReference) {
  for (const std::size_t cols : {1, 3, 4, 5, 15, 16, 17, 48, 100, 384}) {
    const std::size_t stride = cols + 2;
    const auto x = randoms(3 * stride, 3);
    const auto gamma = randoms(cols);
    std::vector<float> ours(x);
    std::vector<float> theirs(x);
    kernels().rms_norm_f32(ours.data(), gamma.data(), 1e-6F, ours.data(), 3, cols, stride);
    reference().rms_norm_f32(theirs.data(), gamma.data(), 1e-6F, theirs.data(), 3, cols, stride);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      ASSERT_NEAR(ours[i], theirs[i], 32 * kEps * (1 + std::abs(theirs[i]))) << cols;
    }
  }
}

// Scores far apart: the softmax must neither overflow nor divide by zero.
TEST_P(F32, AttentionSurvivesLargeScores) {
  const std::size_t length = 19;
  const std::size_t head_dim = 16;
  auto qkv = randoms(length * 3 * head_dim, 60);
  std::vector<float> scratch(kernels().attention_scratch(length, head_dim));
  kernels().attention_f32({qkv.data(), qkv.data() + head_dim, qkv.data() + 2 * head_dim,
                           3 * head_dim, 3 * head_dim, length, length, head_dim, 1.0F},
                          scratch.data());
  for (const float value : qkv) ASSERT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace podium::kernels
