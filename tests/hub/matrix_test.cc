#include "hub/matrix.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "model_files.h"

namespace podium::hub {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A tensor over bytes that begin at an odd address, as those in a file may.
class Stored {
 public:
  Stored(DType dtype, std::vector<std::size_t> shape, const std::string& bytes)
      : bytes_("x" + bytes) {
    view_ = {"w", dtype, std::move(shape), bytes_of(bytes_).subspan(1)};
  }
  const TensorView& view() const { return view_; }
  Matrix matrix(std::size_t rows, std::size_t cols) const {
    return as_matrix(view_, rows, cols).value();
  }

 private:
  std::string bytes_;
  TensorView view_;
};

std::vector<float> row_of(const Matrix& matrix, std::size_t row) {
  std::vector<float> out(matrix.cols);
  copy_row_as_f32(matrix, row, out.data());
  return out;
}

// One block with this scale (float16 bits) whose weight i has nibble (i * 5) % 16.
std::string q4_0_block(std::uint16_t scale) {
  std::string block = bytes_from(std::vector{scale});
  for (int j = 0; j < 16; ++j) {
    block += static_cast<char>((j * 5) % 16 | ((j + 16) * 5 % 16) << 4);
  }
  return block;
}

TEST(Matrix, ReadsF32) {
  const Stored stored(DType::f32, {2, 2}, bytes_from<float>({1, 2, 3, -4.5F}));
  EXPECT_EQ(row_of(stored.matrix(2, 2), 1), (std::vector<float>{3, -4.5F}));
}

TEST(Matrix, ReadsBf16) {
  const Stored stored(DType::bf16, {1, 3}, bytes_from<std::uint16_t>({0x3F80, 0xC000, 0x7F80}));
  EXPECT_EQ(row_of(stored.matrix(1, 3), 0), (std::vector<float>{1, -2, kInfinity}));
}

// All 65536 float16 values against the definition of IEEE 754.
TEST(Matrix, ReadsEveryF16) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  const Stored stored(DType::f16, {65536}, bytes_from(halves));
  const auto values = row_of(stored.matrix(1, 65536), 0);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const int exponent = (halves[i] >> 10) & 31;
    const int mantissa = halves[i] & 1023;
    float expected = std::ldexp(static_cast<float>(exponent == 0 ? mantissa : mantissa + 1024),
                                std::max(exponent, 1) - 25);
    if (exponent == 31) expected = mantissa == 0 ? kInfinity : std::nanf("");
    if (halves[i] >= 0x8000) expected = -expected;
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(values[i])) << i;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(expected))
          << i;
    }
  }
}

TEST(Matrix, ReadsQ4Blocks) {
  const Stored stored(DType::u8, {2, 36},
                      q4_0_block(0x3C00) + q4_0_block(0xB800) + q4_0_block(0x0001) + q4_0_block(0));
  const Matrix matrix = stored.matrix(2, 64);
  EXPECT_EQ(matrix.storage, Storage::q4_0);
  const auto first = row_of(matrix, 0);
  const auto second = row_of(matrix, 1);
  for (int i = 0; i < 32; ++i) {
    const auto level = static_cast<float>(i * 5 % 16 - 8);
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(first[at], level);
    EXPECT_EQ(first[at + 32], -0.5F * level);
    EXPECT_EQ(second[at], 0x1p-24F * level);  // the smallest subnormal scale
    EXPECT_EQ(second[at + 32], 0.0F);
  }
}

TEST(Matrix, TakesAVectorAsOneRow) {
  const Stored stored(DType::f32, {3}, bytes_from<float>({1, 2, 3}));
  EXPECT_EQ(row_of(stored.matrix(1, 3), 0), (std::vector<float>{1, 2, 3}));
  EXPECT_TRUE(fails_with(as_matrix(stored.view(), 3, 1), ErrorCode::malformed, {"[3]", "[3, 1]"}));
  EXPECT_TRUE(fails_with(as_matrix(stored.view(), 2, 3), ErrorCode::malformed, {"[3]", "[2, 3]"}));
}

TEST(Matrix, NamesBothShapes) {
  const Stored stored(DType::f32, {2, 3}, std::string(24, '\0'));
  EXPECT_TRUE(fails_with(as_matrix(stored.view(), 3, 2), ErrorCode::malformed,
                         {"tensor w", "shape [2, 3]", "asks for [3, 2]"}));
  const Stored cube(DType::f32, {1, 2, 3}, std::string(24, '\0'));
  EXPECT_TRUE(fails_with(as_matrix(cube.view(), 2, 3), ErrorCode::malformed, {"[1, 2, 3]"}));
}

TEST(Matrix, RefusesOtherTypes) {
  const Stored stored(DType::i64, {1}, std::string(8, '\0'));
  EXPECT_TRUE(fails_with(as_matrix(stored.view(), 1, 1), ErrorCode::unsupported,
                         {"tensor w", "I64", "BF16"}));
}

TEST(Matrix, RefusesQ4BlocksOfAnotherShape) {
  const Stored stored(DType::u8, {1, 18}, q4_0_block(0));
  EXPECT_TRUE(fails_with(as_matrix(stored.view(), 1, 64), ErrorCode::malformed,
                         {"tensor w", "[1, 18]", "[1, 36]", "q4_0"}));
  EXPECT_TRUE(fails_with(as_matrix(stored.view(), 1, 33), ErrorCode::malformed,
                         {"tensor w", "33 columns", "multiple of 32"}));
}

// Every position in more than one block of the scan, in every storage.
TEST(Matrix, FindsTheFirstWeightThatIsNotFinite) {
  const std::size_t rows = 3;
  const std::size_t cols = 3000;
  const auto check = [&]<class Word>(DType dtype, Word large, std::vector<Word> bad) {
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, rows * cols - 1}) {
      for (const Word value : bad) {
        std::vector<Word> words(rows * cols, large);
        EXPECT_TRUE(
            check_finite(Stored(dtype, {rows, cols}, bytes_from(words)).matrix(rows, cols)));
        words[at] = value;
        words.back() = value;
        const Stored stored(dtype, {rows, cols}, bytes_from(words));
        EXPECT_TRUE(fails_with(check_finite(stored.matrix(rows, cols)), ErrorCode::malformed,
                               {fmt::format("tensor w is NaN or infinite at row {}, column {}",
                                            at / cols, at % cols)}));
      }
    }
  };
  check(DType::f32, 0xFF7FFFFFU, {0x7F800000U, 0xFF800000U, 0x7FC00000U, 0x7F800001U});
  check(DType::bf16, std::uint16_t{0xFF7F}, {std::uint16_t{0x7F80}, std::uint16_t{0xFFC0}});
  check(DType::f16, std::uint16_t{0xFBFF}, {std::uint16_t{0x7C00}, std::uint16_t{0xFC01}});
}

TEST(Matrix, FindsQ4ScalesThatAreNotFinite) {
  const Stored good(DType::u8, {2, 18}, q4_0_block(0x7BFF) + q4_0_block(0xFBFF));
  EXPECT_TRUE(check_finite(good.matrix(2, 32)));
  const Stored bad(DType::u8, {2, 18}, q4_0_block(0x7BFF) + q4_0_block(0x7C00));
  EXPECT_TRUE(fails_with(check_finite(bad.matrix(2, 32)), ErrorCode::malformed,
                         {"tensor w", "row 1, column 0"}));
}

}  // namespace
}  // namespace podium::hub
