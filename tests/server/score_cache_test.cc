#include "server/score_cache.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace podium::server {
namespace {

TEST(ScoreCache, FindsWhatWasInsertedUntilNewerOnesNeedThePlace) {
  ScoreCache cache(64);
  const auto key = [&](int i) {
    return cache.key(std::array<std::string_view, 2>{"q", std::to_string(i)});
  };
  EXPECT_FALSE(cache.find(key(0)));
  cache.insert(key(0), {.relevance_score = 0.25, .tokens = 9, .truncated = true});
  const auto found = cache.find(key(0));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->relevance_score, 0.25);
  EXPECT_EQ(found->tokens, 9U);
  EXPECT_TRUE(found->truncated);
  cache.insert(key(0), {.relevance_score = 0.5});
  EXPECT_EQ(cache.find(key(0))->relevance_score, 0.5);

  int kept = 0;
  for (int i = 1; i <= 1000; ++i) {
    cache.insert(key(i), {.relevance_score = static_cast<double>(i)});
    EXPECT_TRUE(cache.find(key(0))) << "what is used is not the oldest, at " << i;
  }
  for (int i = 1; i <= 1000; ++i) kept += cache.find(key(i)) ? 1 : 0;
  EXPECT_LE(kept, 63);
  EXPECT_GT(kept, 30);
}

TEST(ScoreCache, WhereOneTextEndsAndTheNextBeginsIsPartOfTheKey) {
  const ScoreCache cache(8);
  const auto key = [&](std::string_view a, std::string_view b) {
    return cache.key(std::array<std::string_view, 2>{a, b});
  };
  EXPECT_NE(key("ab", "c"), key("a", "bc"));
  EXPECT_NE(key("", "abc"), key("abc", ""));
  EXPECT_EQ(key("ab", "c"), key("ab", "c"));
  EXPECT_NE(key("ab", "c"), ScoreCache(8).key(std::array<std::string_view, 2>{"ab", "c"}))
      << "each process has a secret of its own";
}

TEST(ScoreCache, OfNothingKeepsNothing) {
  ScoreCache cache(0);
  EXPECT_FALSE(cache.is_on());
  cache.insert({1, 2}, {.relevance_score = 1});
  EXPECT_FALSE(cache.find({1, 2}));
}

}  // namespace
}  // namespace podium::server
