// Metrics against ir-measures on random queries; see ir_measures_check.py.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"
#include "eval/evaluate.h"

namespace podium::eval {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A set of the one query: what is ranked is the corpus, and all of it candidates.
Dataset set_of(const json::Value& golden, std::vector<double>& scores) {
  Dataset set;
  Query& query = set.queries.emplace_back();
  golden.find("judged")->for_each_member([&](std::string_view id, json::Value grade) {
    query.judgments.push_back({std::string(id), static_cast<int>(*grade.as_int())});
    return true;
  });
  golden.find("ranked")->for_each_member([&](std::string_view id, json::Value score) {
    query.candidates.push_back(static_cast<std::uint32_t>(set.documents.size()));
    set.documents.push_back({std::string(id), ""});
    scores.push_back(*score.as_double());
    return true;
  });
  return set;
}

TEST(Goldens, EqualIrMeasures) {
  const auto goldens =
      json::Document::parse(read(PODIUM_SOURCE_DIR "/tests/eval/golden.json"), "golden.json");
  ASSERT_TRUE(goldens) << goldens.error().message;
  ASSERT_EQ(goldens->root().size(), 100U);
  int number = 0;
  goldens->root().for_each_element([&](json::Value golden) {
    std::vector<double> scores;
    const Dataset set = set_of(golden, scores);
    const auto evaluation =
        evaluate(set, [&](const Query&) -> Result<std::vector<double>> { return scores; });
    EXPECT_TRUE(evaluation);
    for (std::size_t metric = 0; evaluation && metric < kMetricNames.size(); ++metric) {
      EXPECT_NEAR(evaluation->metrics[0][metric], *golden.find(kMetricNames[metric])->as_double(),
                  1e-12)
          << kMetricNames[metric] << " of query " << number;
    }
    ++number;
    return true;
  });
}

}  // namespace
}  // namespace podium::eval
