#include "eval/bm25.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "eval/words.h"

namespace podium::eval {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Terms, AreLowerCaseRunsWithoutPunctuation) {
  EXPECT_THAT(terms_of("Don't PANIC: snake_case, 3.14!"),
              ElementsAre("don", "t", "panic", "snake", "case", "3", "14"));
  EXPECT_THAT(terms_of(" \t—…«»"), IsEmpty());
  EXPECT_THAT(terms_of(""), IsEmpty());
}

TEST(Terms, FoldTheCaseOfOtherAlphabets) {
  EXPECT_THAT(terms_of("ÄRGER Čeština ΌΛΟΣ ЁЛКА Њива ԵՐԵՎԱՆ ẤN"),
              ElementsAre("ärger", "čeština", "όλοσ", "ёлка", "њива", "երեվան", "ấn"));
  EXPECT_THAT(terms_of("3×4÷2"), ElementsAre("3", "4", "2"));
  EXPECT_THAT(terms_of("ＡＢＣ１２"), ElementsAre("abc12"));
}

TEST(Terms, KeepMarksInsideWords) {
  EXPECT_THAT(terms_of("हिन्दी भाषा।"), ElementsAre("हिन्दी", "भाषा"));
  EXPECT_THAT(terms_of("العربية؟"), ElementsAre("العربية"));
}

TEST(Terms, ArePairsWhereScriptsHaveNoSpaces) {
  EXPECT_THAT(terms_of("東京都。大"), ElementsAre("東京", "京都", "大"));
  EXPECT_THAT(terms_of("ภาษา"), ElementsAre("ภา", "าษ", "ษา"));
  EXPECT_THAT(terms_of("J-CASTニュース版"),
              ElementsAre("j", "cast", "ニュ", "ュー", "ース", "ス版"));
}

TEST(Terms, AreSeparatedByBytesThatAreNotUtf8) {
  EXPECT_THAT(terms_of("a\xFF"
                       "b\xE6\x9D"),
              ElementsAre("a", "b"));
}

TEST(Bm25Scores, MatchTheFormula) {
  const std::vector<Document> corpus{
      {"1", "cat sat mat"}, {"2", "cat cat dog dog dog"}, {"3", "x"}};
  const std::vector<std::uint32_t> all{0, 1, 2};
  const Bm25 bm25(corpus);
  const auto scores = bm25.score("Cat dog unknown", all);
  const auto idf = [](double df) { return std::log(1 + (3 - df + 0.5) / (df + 0.5)); };
  const auto part = [](double tf, double length) {
    return tf / (tf + 0.9 * (1 - 0.4 + 0.4 * length / 3));
  };
  EXPECT_DOUBLE_EQ(scores[0], idf(2) * part(1, 3));
  EXPECT_DOUBLE_EQ(scores[1], idf(2) * part(2, 5) + idf(1) * part(3, 5));
  EXPECT_EQ(scores[2], 0);
  EXPECT_DOUBLE_EQ(bm25.score("cat cat", all)[0], 2 * scores[0]);
}

TEST(Bm25Scores, AreInTheOrderAskedFor) {
  const std::vector<Document> corpus{{"1", "a"}, {"2", "b"}, {"3", ""}};
  const std::vector<std::uint32_t> turned{2, 1, 0};
  const auto scores = Bm25(corpus).score("b", turned);
  EXPECT_EQ(scores[0], 0);
  EXPECT_GT(scores[1], 0);
  EXPECT_EQ(scores[2], 0);
}

}  // namespace
}  // namespace podium::eval
