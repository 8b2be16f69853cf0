#include <gtest/gtest.h>

#include <sstream>

#include "cli/table.h"
#include "cli/text_width.h"

namespace podium::cli {
namespace {

TEST(Width, CountsCells) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Größe"), 5U);
  EXPECT_EQ(display_width("敏感肌"), 6U);
  EXPECT_EQ(display_width("ｶﾅ"), 2U) << "half-width kana";
  EXPECT_EQ(display_width("한국어"), 6U);
  EXPECT_EQ(display_width("😀"), 2U);
  EXPECT_EQ(display_width("e\u0301"), 1U) << "combining accent";
  EXPECT_EQ(display_width("a\u200Db\uFE0F"), 2U) << "joiner and variation selector";
  EXPECT_EQ(display_width("ที่"), 1U) << "Thai vowel and tone mark";
}

TEST(Fit, CutsAtTheCell) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 5), "abcd…");
  EXPECT_EQ(fit("敏感肌", 6), "敏感肌");
  EXPECT_EQ(fit("敏感肌", 5), "敏感…");
  EXPECT_EQ(fit("敏感肌", 4), "敏…") << "a wide character is never halved";
  EXPECT_EQ(fit("abcdef", 1), "…");
  EXPECT_EQ(fit("abcdef", 0), "");
}

TEST(Fit, NeverExceedsTheWidth) {
  const std::string text = "a敏e\u0301 😀x  한 ที่…  b\u200Bé";
  for (std::size_t width = 0; width < 30; ++width) {
    EXPECT_LE(display_width(fit(text, width)), width) << width;
  }
}

TEST(Fit, KeepsTextOnItsLineAndInItsPlace) {
  EXPECT_EQ(fit("  a\n\tb \r\n c  ", 20), "a b c");
  EXPECT_EQ(fit("\x1b[31mred", 20), "\uFFFD[31mred");
  EXPECT_EQ(fit("a\u202Eb", 20), "a\uFFFDb");
  EXPECT_EQ(fit(std::string_view("a\0b", 3), 20), "a\uFFFDb");
}

TEST(Table, ColumnsAlignInEveryScript) {
  Table table({{"n", true}, {"word", false, 8}, {"text"}});
  table.add_row({"1", "abc", "first"});
  table.add_row({"10", "敏感肌", "second"});
  table.add_row({"100", "e\u0301te\u0301", "third"});
  table.add_row({"7", "much too long", "fourth"});
  EXPECT_EQ(table.render({.width = 80}),
            "  n  word      text\n"
            "  1  abc       first\n"
            " 10  敏感肌    second\n"
            "100  e\u0301te\u0301       third\n"
            "  7  much to…  fourth\n");
}

TEST(Table, LinesFitTheTerminal) {
  Table table({{"a"}, {"b"}});
  table.add_row({"one", std::string(500, 'x')});
  table.add_row({"two", "敏感肌敏感肌敏感肌敏感肌敏感肌"});
  for (const std::size_t width : {20U, 21U, 79U, 160U}) {
    std::istringstream lines(table.render({.width = width}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), width);
  }
}

TEST(Table, ColoursOnlyWhenAsked) {
  Table table({{"", false, 0, "36"}, {""}});
  table.add_row({"x", "y"});
  EXPECT_EQ(table.render({}), "x  y\n");
  EXPECT_EQ(table.render({.colour = true}), "\x1b[36mx\x1b[0m  y\n");
}

}  // namespace
}  // namespace podium::cli
