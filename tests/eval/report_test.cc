#include "eval/report.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace podium::eval {
namespace {

SetResult result(const std::string& name, std::vector<double> values) {
  SetResult set{name, 0, 10, 20, 1, {}};
  for (const double value : values) set.metrics.push_back({value, value, value, value});
  return set;
}

Report three_sets() {
  const std::vector<Group> groups{
      {"first", {"a", "b", "not here"}}, {"second", {"c"}}, {"third", {"not here either"}}};
  return summarise("bm25", "", {20, 10, 1},
                   {result("a", {0, 0, 0}), result("b", {1}), result("c", {1, 1})}, groups);
}

TEST(Reports, AverageSetsInGroupsAndGroupsInAll) {
  const Report report = three_sets();
  ASSERT_EQ(report.groups.size(), 2U);
  EXPECT_EQ(report.groups[0].sets, (std::vector<std::string>{"a", "b"}));
  EXPECT_DOUBLE_EQ(report.groups[0].means[0].mean, 0.5);
  EXPECT_DOUBLE_EQ(report.groups[1].means[0].mean, 1);
  ASSERT_TRUE(report.all);
  EXPECT_DOUBLE_EQ((*report.all)[3].mean, 0.75);
  EXPECT_DOUBLE_EQ(report.set_means[0][0].mean, 0);
}

TEST(Reports, HaveNoMeanOfOneGroup) {
  EXPECT_FALSE(summarise("m", "", {}, {result("a", {1})}, {}).all);
}

TEST(Reports, BecomeJson) {
  const std::string text = report_json(three_sets());
  const auto json = json::Document::parse(text, "report");
  ASSERT_TRUE(json) << text;
  const auto number = [](const json::Value& value, const char* key) {
    return value.find(key)->as_double();
  };
  const json::Value root = json->root();
  EXPECT_EQ(root.find("scorer")->as_string(), "bm25");
  EXPECT_EQ(number(root, "depth"), 10);
  EXPECT_EQ(root.find("sets")->size(), 3U);
  EXPECT_EQ(number(*root.find("all")->find("nDCG@10"), "mean"), 0.75);
  root.find("sets")->for_each_element([&](json::Value set) {
    EXPECT_EQ(number(set, "candidates"), 20);
    EXPECT_EQ(number(set, "truncated"), 1);
    EXPECT_TRUE(set.find("metrics")->find("recall@3"));
    return true;
  });
  EXPECT_TRUE(json::Document::parse(report_json(summarise("m", "", {}, {result("a", {1})}, {})), "")
                  ->root()
                  .find("all")
                  ->is_null());
}

TEST(Reports, GoOnWhereTheyStopped) {
  const Report report = three_sets();
  const std::string text = report_json(report);
  const auto sets = read_sets(text, "bm25", "", {20, 10, 1});
  ASSERT_EQ(sets.size(), 3U);
  EXPECT_EQ(sets[2].name, "c");
  EXPECT_EQ(sets[0].metrics, report.sets[0].metrics);
  EXPECT_EQ(report_json(summarise("bm25", "", {20, 10, 1}, sets, {})),
            report_json(summarise("bm25", "", {20, 10, 1}, report.sets, {})));
  EXPECT_TRUE(read_sets(text, "bm25", "tiny", {20, 10, 1}).empty());
  EXPECT_TRUE(read_sets(text, "m", "", {20, 10, 1}).empty());
  EXPECT_TRUE(read_sets(text, "bm25", "", {20, 10, 2}).empty());
  EXPECT_TRUE(read_sets("", "bm25", "", {20, 10, 1}).empty());
  EXPECT_TRUE(read_sets(text.substr(0, text.size() / 2), "bm25", "", {20, 10, 1}).empty());
}

}  // namespace
}  // namespace podium::eval
