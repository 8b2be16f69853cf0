// The int8 kernels of every instruction set this machine has, equal to the scalar reference to the
// bit: sums are exact and the float epilogue has a fixed order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/kernels.h"

namespace podium::kernels {
namespace {

std::vector<const Kernels*> available() {
  std::vector<const Kernels*> list;
  for (const Candidate& c : candidates()) {
    if (c.available && c.kernels->gemm_s8 != nullptr) list.push_back(c.kernels);
  }
  return list;
}

std::string name_of(const testing::TestParamInfo<const Kernels*>& set) {
  return std::string(set.param->name);
}

struct Packed {
  AlignedBuffer<std::byte> bytes;
  PackedS8 matrix;
  Packed(const Kernels& kernels, const std::vector<float>& weights, const std::vector<float>& bias,
         std::size_t k)
      : bytes(packed_s8_bytes(kernels, bias.size(), k)),
        matrix(view_s8(kernels, bias.size(), k, bytes.data())) {
    std::memset(bytes.data(), 0, bytes.size());
    for (std::size_t row = 0; row < bias.size(); ++row) {
      pack_row_s8(matrix, kernels.group_limit_s8, row, &weights[row * k], bias[row], bytes.data());
    }
  }
  int byte(std::size_t row, std::size_t i) const {
    const std::size_t panel = matrix.panel;
    return matrix
        .values[row / panel * panel * matrix.depth + i / 4 * 4 * panel + row % panel * 4 + i % 4];
  }
};

struct Quantized {
  std::size_t stride;
  std::vector<std::uint8_t> values;
  std::vector<RowScale> scales;
  Quantized(const Kernels& kernels, const std::vector<float>& x, std::size_t rows, std::size_t k,
            int levels)
      : stride((k + kPackedS8Step - 1) / kPackedS8Step * kPackedS8Step),
        values(rows * stride, 0xAA),
        scales(rows) {
    kernels.quantize_u8(x.data(), k, rows, k, levels, values.data(), stride, scales.data());
  }
  QuantizedRows rows(std::size_t first, std::size_t count) const {
    return {values.data() + first * stride, scales.data() + first, stride, count};
  }
};

class S8 : public testing::TestWithParam<const Kernels*> {
 protected:
  std::vector<float> randoms(std::size_t count, float spread = 1) {
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  std::vector<float> product(const Kernels& set, const QuantizedRows& a, const PackedS8& w,
                             Epilogue epilogue) {
    std::vector<float> c(a.rows * (w.n + 3), 777.0F);
    set.gemm_s8(a, w, epilogue, c.data(), w.n + 3);
    return c;
  }
  static bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }
  const Kernels& kernels() const { return *GetParam(); }
  std::mt19937 random_{7};
};

INSTANTIATE_TEST_SUITE_P(Sets, S8, testing::ValuesIn(available()), name_of);

TEST_P(S8, GemmEqualsTheReferenceToTheBit) {
  for (const std::size_t rows : {1, 2, 3, 4, 11, 12, 13, 97, 200}) {
    for (const std::size_t n : {1, 7, 8, 15, 16, 17, 33, 70}) {
      for (const std::size_t k : {1, 3, 16, 17, 64, 129, 1024, 1100}) {
        const Packed w(kernels(), randoms(n * k), randoms(n), k);
        const Quantized a(kernels(), randoms(rows * k), rows, k, kernels().levels_u8);
        for (const Epilogue epilogue : {Epilogue::none, Epilogue::gelu}) {
          ASSERT_TRUE(same_bits(product(kernels(), a.rows(0, rows), w.matrix, epilogue),
                                product(reference(), a.rows(0, rows), w.matrix, epilogue)))
              << rows << "x" << n << "x" << k;
        }
      }
    }
  }
}

TEST_P(S8, QuantizeEqualsTheReferenceToTheBit) {
  for (const std::size_t k : {1, 5, 8, 16, 31, 48, 384, 1000}) {
    auto x = randoms(8 * k);
    std::fill_n(x.begin(), k, 0.0F);                                // a row of zeros
    for (std::size_t i = k; i < 2 * k; ++i) x[i] = std::abs(x[i]);  // no negative value
    for (std::size_t i = 2 * k; i < 3 * k; ++i) x[i] = -std::abs(x[i]);
    for (std::size_t i = 3 * k; i < 4 * k; ++i) x[i] *= 1e20F;
    x[4 * k] = 1e4F;  // one value far from the others
    for (const int levels : {127, 255}) {
      const Quantized ours(kernels(), x, 8, k, levels);
      const Quantized theirs(reference(), x, 8, k, levels);
      ASSERT_EQ(ours.values, theirs.values) << k;
      for (std::size_t row = 0; row < 8; ++row) {
        ASSERT_EQ(ours.scales[row].scale, theirs.scales[row].scale) << k << " row " << row;
        ASSERT_EQ(ours.scales[row].zero, theirs.scales[row].zero) << k << " row " << row;
        for (std::size_t i = 0; i < k; ++i) {
          const RowScale scale = ours.scales[row];
          const int byte = ours.values[row * ours.stride + i];
          ASSERT_LE(byte, levels);
          ASSERT_NEAR(scale.scale * static_cast<float>(byte - scale.zero), x[row * k + i],
                      scale.scale * 1.01F);
        }
      }
    }
  }
}

// The worst that the packed form allows: every weight of one sign and as large as it gets, every
// activation at its largest. Had any 16-bit sum saturated, the exact sum would differ.
TEST_P(S8, TheLargestSumsAreExact) {
  const std::size_t k = 256;
  std::vector<float> weights;
  for (std::size_t row = 0; row < 6; ++row) {
    for (std::size_t i = 0; i < k; ++i) {
      const bool odd_step = i / kPackedS8Step % 2 == 1;
      const float patterns[] = {1,
                                -1,
                                odd_step ? 1.0F : -1.0F,
                                i % 4 < 2 ? 1.0F : -1.0F,
                                i % kPackedS8Step < 2 ? 1.0F : 0.01F,
                                i % 2 == 0 ? 1.0F : -1.0F};
      weights.push_back(patterns[row]);
    }
  }
  const Packed w(kernels(), weights, std::vector<float>(6), k);
  const std::vector<std::uint8_t> a(4 * k, static_cast<std::uint8_t>(kernels().levels_u8));
  const std::vector<RowScale> scales(4, {1.0F, 0});
  const auto c = product(kernels(), {a.data(), scales.data(), k, 4}, w.matrix, Epilogue::none);
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t col = 0; col < 6; ++col) {
      std::int64_t exact = 0;
      for (std::size_t i = 0; i < k; ++i) exact += a[i] * w.byte(col, i);
      ASSERT_EQ(c[row * 9 + col], static_cast<float>(exact) * w.matrix.scales[col]) << col;
    }
  }
}

// The proof that nothing saturates: the bytes that meet in a 16-bit lane stay within the limit, and
// the limit times the largest activation is a 16-bit number.
TEST_P(S8, PackedWeightsKeepTheGroupLimit) {
  if (kernels().group_limit_s8 == 0) GTEST_SKIP() << "sums of this set are 32 bits wide";
  ASSERT_LE(kernels().group_limit_s8 * kernels().levels_u8, 32767);
  const std::size_t k = 200;
  const std::size_t n = 64;
  auto weights = randoms(n * k);
  for (std::size_t i = 0; i < 16 * k; ++i) weights[i] = std::abs(weights[i]) + 1;
  const Packed w(kernels(), weights, std::vector<float>(n), k);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t step = 0; step < k; step += kPackedS8Step) {
      for (const std::size_t lane : {0, 2}) {
        int positive = 0;
        int negative = 0;
        for (std::size_t i = step + lane; i < std::min(k, step + kPackedS8Step); i += 4) {
          for (std::size_t j = i; j < i + 2; ++j) {
            (w.byte(row, j) > 0 ? positive : negative) += w.byte(row, j);
          }
        }
        ASSERT_LE(positive, kernels().group_limit_s8) << row << " " << step;
        ASSERT_GE(negative, -kernels().group_limit_s8) << row << " " << step;
      }
    }
  }
}

TEST_P(S8, PackedWeightsAreTheNearestSteps) {
  const std::size_t k = 100;
  auto weights = randoms(9 * k, 0.02F);
  std::fill_n(weights.begin(), k, 0.0F);
  std::fill_n(weights.begin() + k, k, 1e-38F);
  const Packed w(kernels(), weights, std::vector<float>(9, 0.5F), k);
  for (std::size_t row = 0; row < 9; ++row) {
    int sum = 0;
    for (std::size_t i = 0; i < k; ++i) {
      sum += w.byte(row, i);
      ASSERT_NEAR(w.matrix.scales[row] * static_cast<float>(w.byte(row, i)), weights[row * k + i],
                  w.matrix.scales[row] * 0.501F + 1e-30F);
    }
    ASSERT_EQ(w.matrix.sums[row], sum);
    ASSERT_EQ(w.matrix.bias[row], 0.5F);
    if (kernels().group_limit_s8 != 0) continue;
    ASSERT_LE(w.matrix.scales[row], 0.12F / 127);
  }
}

TEST_P(S8, ARowDoesNotDependOnItsNeighbours) {
  const std::size_t rows = 37;
  const Packed w(kernels(), randoms(70 * 96), randoms(70), 96);
  const auto x = randoms(rows * 96);
  const Quantized a(kernels(), x, rows, 96, kernels().levels_u8);
  const auto together = product(kernels(), a.rows(0, rows), w.matrix, Epilogue::gelu);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::vector<float> line(x.begin() + static_cast<std::ptrdiff_t>(row * 96),
                                  x.begin() + static_cast<std::ptrdiff_t>(row * 96 + 96));
    const Quantized one(kernels(), line, 1, 96, kernels().levels_u8);
    const auto alone = product(kernels(), one.rows(0, 1), w.matrix, Epilogue::gelu);
    ASSERT_EQ(std::memcmp(alone.data(), &together[row * 73], 70 * sizeof(float)), 0) << row;
  }
}

// One head of `length` rows of q, k and v side by side, in words and by the reference.
struct Attended {
  std::vector<float> ours, exact;
};
Attended attend(const Kernels& kernels, const std::vector<float>& qkv, std::size_t length,
                std::size_t head_dim, std::size_t queries, float scale) {
  const auto run = [&](Attention attention, const Kernels& set) {
    std::vector<float> out(qkv);
    std::vector<float> scratch(set.attention_scratch(length, head_dim));
    attention({.q = out.data(),
               .k = out.data() + head_dim,
               .v = out.data() + 2 * head_dim,
               .stride = 3 * head_dim,
               .query_stride = 3 * head_dim,
               .length = length,
               .queries = queries,
               .head_dim = head_dim,
               .scale = scale},
              scratch.data());
    return out;
  };
  return {run(kernels.attention_s16, kernels), run(reference().attention_f32, reference())};
}

// Values are rounded to 1 / 511 of the largest, which bounds the error; the weights add little.
TEST_P(S8, AttentionInWordsIsNearTheReference) {
  for (const std::size_t length : {1, 2, 5, 16, 31, 33, 64, 127, 128, 129, 200, 300}) {
    for (const std::size_t head_dim : {1, 7, 12, 32, 40, 64, 128}) {
      for (const std::size_t queries : {std::size_t{1}, length}) {
        const auto qkv = randoms(3 * length * head_dim);
        const auto most =
            std::abs(*std::ranges::max_element(qkv, {}, [](float x) { return std::abs(x); }));
        const auto [ours, exact] = attend(kernels(), qkv, length, head_dim, queries,
                                          1.5F / std::sqrt(static_cast<float>(head_dim)));
        for (std::size_t i = 0; i < ours.size(); ++i) {
          ASSERT_NEAR(ours[i], exact[i], most / 500) << length << " " << head_dim << " at " << i;
        }
      }
    }
  }
}

// The largest sums there are: every number the largest of its range, all of one sign.
TEST_P(S8, AttentionInWordsDoesNotOverflow) {
  for (const float value : {3.0F, -3.0F, 1e-20F, 0.0F}) {
    for (const std::size_t head_dim : {2, 31, 64, 128, 256}) {
      const std::vector<float> qkv(3 * 400 * head_dim, value);
      const auto [ours, exact] = attend(kernels(), qkv, 400, head_dim, 400, 0.1F);
      for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_NEAR(ours[i], exact[i], std::abs(value) * 1e-3F) << head_dim << " at " << i;
      }
    }
  }
}

// The bound that kernels.h states for the epilogue.
TEST_P(S8, GeluIsWithinItsBound) {
  const Packed w(kernels(), {1.0F}, {0.0F}, 1);
  for (float x = -30; x < 30; x += 0.01F) {
    const std::uint8_t value[kPackedS8Step] = {100};
    const RowScale scale{x / 100 / (w.matrix.scales[0] * static_cast<float>(w.byte(0, 0))), 0};
    const auto c = product(kernels(), {value, &scale, kPackedS8Step, 1}, w.matrix, Epilogue::gelu);
    const double exact =
        static_cast<double>(x) / 2 * (1 + std::erf(static_cast<double>(x) / std::sqrt(2.0)));
    ASSERT_NEAR(static_cast<double>(c[0]), exact, 1.35e-4) << x;
  }
}

}  // namespace
}  // namespace podium::kernels
