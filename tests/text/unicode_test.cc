#include "text/unicode.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace podium::text {
namespace {

TEST(Unicode, WhitespaceIsTheWhiteSpaceProperty) {
  int count = 0;
  for (char32_t c = 0; c < 0x110000; ++c) count += is_whitespace(c);
  EXPECT_EQ(count, 25);
  EXPECT_TRUE(is_whitespace(0x3000));
  EXPECT_FALSE(is_whitespace(0x200B));
}

TEST(Unicode, AsciiPunctuationIncludesSymbols) {
  for (const char c : std::string_view("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")) {
    EXPECT_TRUE(is_punctuation(static_cast<char32_t>(c))) << c;
  }
  for (const char c : std::string_view("azAZ09 \t\x7F")) {
    EXPECT_FALSE(is_punctuation(static_cast<char32_t>(c))) << c;
  }
}

// The number of characters in each class, as counted with tokenizers 0.22.2 over all code points.
TEST(Unicode, ClassesAreThoseOfHuggingFace) {
  int control = 0, punctuation = 0, nonspacing = 0, mark = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    control += is_control(c);
    punctuation += is_punctuation(c);
    nonspacing += is_nonspacing_mark(c);
    mark += is_mark(c);
  }
  EXPECT_EQ(control, 137683);
  EXPECT_EQ(punctuation, 726);
  EXPECT_EQ(nonspacing, 1567);
  EXPECT_EQ(mark, 2097);
}

TEST(Unicode, ComposesAndDecomposes) {
  std::array<char32_t, kLongestDecomposition> parts;
  EXPECT_EQ(decompose(U'é', false, parts), 2U);
  EXPECT_EQ(parts[1], 0x301U);
  EXPECT_EQ(decompose(0xFDFA, true, parts), 18U);
  EXPECT_EQ(decompose(0xFDFA, false, parts), 1U);
  EXPECT_EQ(compose(U'e', 0x301), U'é');
  EXPECT_EQ(compose(0x1100, 0x1161), U'가');
  EXPECT_EQ(compose(U'a', U'b'), std::nullopt);
}

}  // namespace
}  // namespace podium::text
