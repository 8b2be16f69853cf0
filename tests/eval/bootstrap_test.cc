#include "eval/bootstrap.h"

#include <gtest/gtest.h>

namespace podium::eval {
namespace {

// A hundred queries, 30 of which are answered.
std::vector<double> coin() {
  std::vector<double> values(100, 0.0);
  for (std::size_t i = 0; i < 30; ++i) values[i] = 1;
  return values;
}

TEST(Bootstrap, IsAsWideAsTheNormalInterval) {
  const Stratum set{coin()};
  const Interval interval = bootstrap({&set, 1}, 1, 20000);
  EXPECT_DOUBLE_EQ(interval.mean, 0.3);
  // 0.3 ± 1.96 · sqrt(0.3 · 0.7 / 100); means are multiples of 0.01.
  EXPECT_NEAR(interval.low, 0.3 - 0.0898, 0.0101);
  EXPECT_NEAR(interval.high, 0.3 + 0.0898, 0.0101);
}

TEST(Bootstrap, DependsOnTheSeedAlone) {
  std::vector<double> values;
  for (int i = 0; i < 50; ++i) values.push_back(i * i % 37 / 37.0);
  const Stratum set{values};
  const Interval first = bootstrap({&set, 1}, 7);
  const Interval again = bootstrap({&set, 1}, 7);
  const Interval other = bootstrap({&set, 1}, 8);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_NE(first.low, other.low);
  EXPECT_EQ(first.mean, other.mean);
}

TEST(Bootstrap, HasNoWidthWhereNothingVaries) {
  const Stratum set{{0.5, 0.5, 0.5}};
  const Interval interval = bootstrap({&set, 1}, 1);
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
}

TEST(Bootstrap, CountsEverySetTheSame) {
  // A thousand zeros and two ones: the mean of the sets' means, not of the queries.
  const std::vector<Stratum> sets{{std::vector<double>(1000, 0.0), 0.5}, {{1, 1}, 0.5}};
  const Interval interval = bootstrap(sets, 1);
  EXPECT_DOUBLE_EQ(interval.mean, 0.5);
  EXPECT_DOUBLE_EQ(interval.low, 0.5);
  EXPECT_DOUBLE_EQ(interval.high, 0.5);
}

TEST(Bootstrap, IsNarrowerForTheMeanOfTwoSetsThanForOne) {
  const std::vector<Stratum> sets{{coin(), 0.5}, {coin(), 0.5}};
  const Stratum alone{coin()};
  const Interval two = bootstrap(sets, 1, 5000);
  const Interval one = bootstrap({&alone, 1}, 1, 5000);
  EXPECT_NEAR((two.high - two.low) / (one.high - one.low), 0.7071, 0.05);
}

}  // namespace
}  // namespace podium::eval
