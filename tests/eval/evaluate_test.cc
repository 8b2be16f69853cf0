#include "eval/evaluate.h"

#include <limits>
#include <string>

#include "eval/scratch.h"
#include "eval/trec.h"

namespace podium::eval {
namespace {

using Evaluations = Scratch;

// One query and documents of the given ids, all candidates.
Dataset one_query(const std::vector<std::string>& documents, std::vector<Judgment> judgments) {
  Dataset set;
  set.queries.push_back({"q", "", std::move(judgments), {}});
  for (const std::string& id : documents) {
    set.queries[0].candidates.push_back(static_cast<std::uint32_t>(set.documents.size()));
    set.documents.push_back({id, ""});
  }
  return set;
}

Scorer fixed(std::vector<double> scores) {
  return [scores](const Query&) -> Result<std::vector<double>> { return scores; };
}

std::vector<std::string> order(const Dataset& set, const Evaluation& evaluation) {
  std::vector<std::string> ids;
  for (const Ranked& ranked : evaluation.rankings[0])
    ids.push_back(set.documents[ranked.document].id);
  return ids;
}

TEST(Evaluation, RanksByScore) {
  const Dataset set = one_query({"a", "b", "c"}, {{"b", 1}});
  const auto evaluation = evaluate(set, fixed({-1, -7, 2}));
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(order(set, *evaluation), (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_DOUBLE_EQ(evaluation->metrics[0][1], 1.0 / 3);
}

TEST(Evaluation, BreaksTiesByTheGreatestIdWhateverTheOrderOfCandidates) {
  for (const auto& documents : {std::vector<std::string>{"d10", "d9", "é", "d1"},
                                std::vector<std::string>{"é", "d1", "d10", "d9"}}) {
    const Dataset set = one_query(documents, {{"d1", 1}});
    const auto evaluation = evaluate(set, fixed({1, 1, 1, 1}));
    ASSERT_TRUE(evaluation);
    EXPECT_EQ(order(set, *evaluation), (std::vector<std::string>{"é", "d9", "d10", "d1"}));
  }
}

TEST(Evaluation, TiesScoresThatAreEqualAsFloats) {
  const Dataset set = one_query({"a", "b"}, {{"a", 1}});
  const auto evaluation = evaluate(set, fixed({1 + 1e-12, 1}));
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(order(set, *evaluation), (std::vector<std::string>{"b", "a"}));
}

TEST(Evaluation, RefusesScoresThatAreNoNumbers) {
  const Dataset set = one_query({"a", "b"}, {{"a", 1}});
  const auto evaluation = evaluate(set, fixed({1, std::numeric_limits<double>::quiet_NaN()}));
  ASSERT_FALSE(evaluation);
  EXPECT_EQ(evaluation.error().message, "query q and document b score no number");
}

TEST(Evaluation, PassesOnTheScorersError) {
  const Dataset set = one_query({"a"}, {{"a", 1}});
  const auto evaluation = evaluate(set, [](const Query&) -> Result<std::vector<double>> {
    return fail(ErrorCode::io, "out of ink");
  });
  ASSERT_FALSE(evaluation);
  EXPECT_EQ(evaluation.error().message, "out of ink");
}

TEST_F(Evaluations, CountQueriesWithoutCandidatesAsZero) {
  const auto set = read_dataset(write_set("tiny"));  // q2 has none
  ASSERT_TRUE(set);
  std::vector<std::pair<std::size_t, std::size_t>> progress;
  const auto evaluation = evaluate(*set, fixed({1, 2}), [&](std::size_t done, std::size_t total) {
    progress.emplace_back(done, total);
  });
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(evaluation->metrics[0][0], 1);
  EXPECT_EQ(evaluation->metrics[1], Metrics());
  EXPECT_EQ(progress, (std::vector<std::pair<std::size_t, std::size_t>>{{2, 2}, {2, 2}}));
}

TEST(TrecFiles, HoldTheRankingAndTheJudgments) {
  const Dataset set = one_query({"a b", "50%", "c"}, {{"a b", 2}, {"gone", 1}});
  const auto evaluation = evaluate(set, fixed({0.1, 0.30000001192092896, -4}));
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(run_text(set, *evaluation, "my model"),
            "q Q0 50%25 1 0.3 my%20model\n"
            "q Q0 a%20b 2 0.1 my%20model\n"
            "q Q0 c 3 -4 my%20model\n");
  EXPECT_EQ(qrels_text(set), "q 0 a%20b 2\nq 0 gone 1\n");
}

TEST(TrecFiles, EscapeWhatWouldSplitALine) {
  EXPECT_EQ(trec_id("a\tb\nc d%é"), "a%09b%0Ac%20d%25é");
}

}  // namespace
}  // namespace podium::eval
