// The built-in model against PyTorch on the same dequantised weights
// (tests/golden/default_model.json, written by scripts/make_default_golden.py).
#include <gtest/gtest.h>

#include <cmath>

#include "model/golden.h"
#include "podium/podium.h"

namespace podium {
namespace {

const Engine& engine() {
  static const Engine loaded = [] {
    auto result = Engine::load({.threads = 2, .precision = Precision::fp32});
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return *std::move(result);
  }();
  return loaded;
}

const json::Document& golden() {
  static const json::Document document = model::read_json(std::filesystem::path(PODIUM_SOURCE_DIR) /
                                                          "tests/golden/default_model.json");
  return document;
}

TEST(DefaultModel, EmbeddingsEqualPyTorch) {
  std::size_t texts = 0;
  golden().root().find("texts")->for_each_element([&](json::Value item) {
    const std::string_view text = *item.find("text")->as_string();
    const bool query = *item.find("role")->as_string() == "query";
    const auto expected = model::numbers<float>(*item.find("embedding"));
    const auto vector = engine().embed({&text, 1}, query);
    EXPECT_TRUE(vector);
    EXPECT_EQ(vector->size(), expected.size());
    float worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      worst = std::max(worst, std::abs((*vector)[i] - expected[i]));
    }
    EXPECT_LE(worst, 1e-5F) << text.substr(0, 60);  // the bound is 1e-4
    return ++texts, true;
  });
  EXPECT_GE(texts, 50U);
}

TEST(DefaultModel, RanksAsPyTorchDoes) {
  golden().root().find("groups")->for_each_element([&](json::Value group) {
    std::vector<std::string_view> documents;
    group.find("documents")->for_each_element([&](json::Value text) {
      return documents.push_back(*text.as_string()), true;
    });
    for (const auto& [effort, name] :
         {std::pair(Effort::tiny, "tiny"), {Effort::turbo, "turbo"}, {Effort::full, "base"}}) {
      const auto logits = model::numbers<double>(*group.find("logits")->find(name));
      const auto ranking = engine().rank(*group.find("query")->as_string(), documents,
                                         {.score = ScoreKind::logit, .effort = effort});
      EXPECT_TRUE(ranking);
      if (!ranking) return false;
      for (const RankedDocument& result : ranking->results) {
        EXPECT_NEAR(result.relevance_score, logits[result.index], 2e-3) << name;
      }
    }
    const auto scores = model::numbers<double>(*group.find("relevance_score"));
    const auto order = model::numbers<std::size_t>(*group.find("order"));
    const auto ranking = engine().rank(*group.find("query")->as_string(), documents);
    EXPECT_TRUE(ranking);
    for (std::size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(ranking->results[i].index, order[i]);
      EXPECT_NEAR(ranking->results[i].relevance_score, scores[order[i]], 1e-3);
    }
    return true;
  });
}

TEST(DefaultModel, TheQueryIsEncodedOnce) {
  const std::vector<std::string_view> documents(50, "a document");
  const auto ranking = engine().rank("which document?", documents);
  ASSERT_TRUE(ranking);
  std::size_t of_documents = 0;
  for (const auto& result : ranking->results) of_documents += result.tokens;
  EXPECT_LT(ranking->usage.total_tokens, of_documents + 20);
  EXPECT_GT(ranking->usage.total_tokens, of_documents);
}

}  // namespace
}  // namespace podium
