#include "eval/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace podium::eval {
namespace {

constexpr std::uint32_t kDocuments = 60;

// A hundred queries; query i finds documents i mod 60 and the next relevant, the one after judged
// 0.
Dataset many() {
  Dataset set;
  for (std::uint32_t d = 0; d < kDocuments; ++d) set.documents.push_back({std::to_string(d), ""});
  for (std::uint32_t q = 0; q < 100; ++q) {
    Query query{"q" + std::to_string(q), "", {}, {}};
    for (std::uint32_t next = 0; next < 3; ++next) {
      query.judgments.push_back({std::to_string((q + next) % kDocuments), next < 2 ? 1 : 0});
    }
    for (std::uint32_t d = 0; d < kDocuments; ++d) query.candidates.push_back(d);
    set.queries.push_back(query);
  }
  return set;
}

Dataset sampled(const SampleSize& size) {
  Dataset set = many();
  sample(set, size);
  return set;
}

std::set<std::string> ids(const Dataset& set) {
  std::set<std::string> ids;
  for (const Query& query : set.queries) ids.insert(query.id);
  return ids;
}

TEST(Sample, KeepsEverythingUnlessASizeIsGiven) {
  const Dataset set = sampled({});
  EXPECT_EQ(set.queries.size(), 100U);
  EXPECT_EQ(set.queries[5].candidates.size(), kDocuments);
}

TEST(Sample, IsTheSameForTheSameSeed) {
  const Dataset one = sampled({20, 10, 3});
  const Dataset two = sampled({20, 10, 3});
  ASSERT_EQ(one.queries.size(), 20U);
  for (std::size_t q = 0; q < 20; ++q) {
    EXPECT_EQ(one.queries[q].id, two.queries[q].id);
    EXPECT_EQ(one.queries[q].candidates, two.queries[q].candidates);
  }
  EXPECT_NE(ids(one), ids(sampled({20, 10, 4})));
}

TEST(Sample, IsPartOfALargerOneAndKeepsTheOrder) {
  const auto small = ids(sampled({20, 10, 3}));
  const auto large = ids(sampled({50, 10, 3}));
  EXPECT_TRUE(std::ranges::includes(large, small));
  for (const Query& query : sampled({20, 10, 3}).queries) {
    EXPECT_EQ(query.candidates.size(), 10U);
    EXPECT_TRUE(std::ranges::is_sorted(query.candidates));
  }
}

TEST(Sample, DoesNotDependOnTheOrderOfTheFile) {
  Dataset turned = many();
  std::ranges::reverse(turned.queries);
  sample(turned, {20, 10, 3});
  EXPECT_EQ(ids(turned), ids(sampled({20, 10, 3})));
}

TEST(Sample, KeepsTheRelevantCandidates) {
  for (const std::size_t depth : {1U, 2U, 5U}) {
    for (const Query& query : sampled({0, depth, 9}).queries) {
      const std::uint32_t first = static_cast<std::uint32_t>(std::stoul(query.id.substr(1)));
      for (const std::uint32_t relevant : {first % kDocuments, (first + 1) % kDocuments}) {
        EXPECT_EQ(std::ranges::count(query.candidates, relevant), 1) << query.id;
      }
      EXPECT_EQ(query.candidates.size(), std::max<std::size_t>(depth, 2));
    }
  }
}

TEST(Sample, AddsNoRelevantDocumentThatWasNoCandidate) {
  Dataset set = many();
  set.queries[0].candidates = {30, 31, 32, 33};
  sample(set, {0, 2, 1});
  EXPECT_EQ(set.queries[0].candidates.size(), 2U);
  EXPECT_EQ(std::ranges::count(set.queries[0].candidates, 0U), 0);
}

TEST(Sample, DrawsEveryCandidateAboutAsOften) {
  std::vector<int> drawn(kDocuments);
  for (const Query& query : sampled({0, 32, 5}).queries) {
    for (const std::uint32_t candidate : query.candidates) ++drawn[candidate];
  }
  // 30 of the 58 that are not relevant, 100 times: 52 ± 5, plus the two or so that must stay.
  for (const int count : drawn) EXPECT_NEAR(count, 53, 22);
}

}  // namespace
}  // namespace podium::eval
