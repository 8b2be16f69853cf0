#include "base/utf8.h"

#include <gtest/gtest.h>

namespace podium::utf8 {
namespace {

TEST(Utf8, WritesAndReadsEveryScalarValue) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append(text, c);
    const Decoded decoded = decode(text, 0);
    ASSERT_TRUE(decoded.valid && decoded.code_point == c && decoded.length == text.size())
        << std::hex << static_cast<std::uint32_t>(c);
    ASSERT_TRUE(is_valid(text));
  }
}

// The expectations are Python's bytes.decode(errors="replace"), and Unicode 15 tables 3-8 to 3-11.
TEST(Utf8, ReplacesMaximalIllFormedSubparts) {
  const std::string mark = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"\x80", mark},
      {"\xC0\xAF", mark + mark},                        // overlong
      {"\xE0\x80\xAF", mark + mark + mark},             // overlong
      {"\xED\xA0\x80", mark + mark + mark},             // a surrogate
      {"\xF4\x90\x80\x80", mark + mark + mark + mark},  // above U+10FFFF
      {"\xF5\x80", mark + mark},
      {"\xE1\x80", mark},  // cut off
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", mark + mark + mark + mark + "A"},
      {"\xF0\x9F\x98"
       "x",
       mark + "x"},
      {"a\xFF"
       "b",
       "a" + mark + "b"}};
  for (const auto& [text, repaired] : cases) {
    EXPECT_EQ(repair(text), repaired);
    EXPECT_FALSE(is_valid(text));
    EXPECT_TRUE(is_valid(repaired));
  }
}

TEST(Utf8, LeavesValidTextAlone) {
  const std::string text("a\0é漢😀\xEF\xBF\xBD", 14);
  EXPECT_TRUE(is_valid(text));
  EXPECT_EQ(repair(text), text);
  EXPECT_FALSE(find_invalid(text));
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(find_invalid("é\xFFx\xFF"), 2U);
  EXPECT_EQ(find_invalid("ab\xE6\xBC"), 2U);
}

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("aé漢😀"), 4U);
}

}  // namespace
}  // namespace podium::utf8
