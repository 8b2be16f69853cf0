// Podium's own model against PyTorch (scripts/make_tiny_interaction.py), and what settling early
// may not change.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/golden.h"
#include "podium/podium.h"

namespace podium {
namespace {

using model::data;

Engine load(int threads = 2, std::size_t batch_tokens = 0, std::size_t cache_bytes = 0) {
  auto engine = Engine::load({.model = data("tiny-interaction").string(),
                              .threads = threads,
                              .batch_tokens = batch_tokens,
                              .document_cache_bytes = cache_bytes,
                              .precision = Precision::fp32});
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  return *std::move(engine);
}

// Logits by document.
std::vector<double> logits(const Engine& engine, std::string_view query,
                           const std::vector<std::string_view>& documents, RankOptions options) {
  options.score = ScoreKind::logit;
  const auto ranking = engine.rank(query, documents, options);
  EXPECT_TRUE(ranking) << (ranking ? "" : ranking.error().message);
  std::vector<double> out(documents.size(), -1e9);
  for (const RankedDocument& result : ranking->results) out[result.index] = result.relevance_score;
  return out;
}

// Distinct documents of a few dozen tokens, some of them near to the query.
std::vector<std::string> many_documents(std::size_t count) {
  const std::vector<std::string> words = {"skin",      "aloe", "vera", "gentle", "organic",
                                          "sensitive", "haut", "care", "test",   "water"};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "document " + std::to_string(i * 7919 % 1000);
    for (std::size_t n = 0; n < 5 + i % 9; ++n) text += " " + words[(i * 31 + n * n * 7) % 10];
    out.push_back(text);
  }
  return out;
}

struct Depth {
  Effort effort;
  const char* name;
};
constexpr Depth kDepths[] = {
    {Effort::tiny, "tiny"}, {Effort::turbo, "turbo"}, {Effort::full, "base"}};

TEST(LateInteraction, ScoresAsPyTorchAtEveryDepth) {
  const Engine engine = load();
  EXPECT_TRUE(engine.info().has_depths);
  const auto config = model::read_json(data("tiny-interaction") / "config.json");
  const auto golden = model::read_json(data("../golden/tiny_interaction.json"));
  std::size_t compared = 0;
  golden.root().find("cases")->for_each_element([&](json::Value one) {
    const std::string query(*one.find("query")->as_string());
    if (query.find_first_not_of(' ') == std::string::npos) return true;  // refused by the engine
    one.find("documents")->for_each_element([&](json::Value document) {
      const std::string text(*document.find("text")->as_string());
      if (document.find("truncated")->as_bool().value_or(false)) return true;
      for (const Depth& depth : kDepths) {
        const auto section = config.root()
                                 .find("podium")
                                 ->find("interaction")
                                 ->find("depths")
                                 ->find(depth.name)
                                 ->find("calibration");
        const double expected = *section->find("scale")->as_double() *
                                    *document.find("logits")->find(depth.name)->as_double() +
                                *section->find("bias")->as_double();
        const auto found = logits(engine, query, {text}, {.effort = depth.effort});
        EXPECT_NEAR(found[0], expected, 2e-3) << depth.name << ": " << text;
        ++compared;
      }
      return true;
    });
    return true;
  });
  EXPECT_GT(compared, 20U);
}

TEST(LateInteraction, ScoresDoNotDependOnNeighboursBatchesOrThreads) {
  const auto texts = many_documents(40);
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  const Engine one = load(1, 96);
  const Engine two = load(2);
  for (const Depth& depth : kDepths) {
    const RankOptions options{.effort = depth.effort};
    const auto together = logits(two, "gentle skin care", documents, options);
    EXPECT_EQ(together, logits(one, "gentle skin care", documents, options));
    for (const std::size_t i : {0U, 17U, 39U}) {
      EXPECT_EQ(together[i], logits(two, "gentle skin care", {documents[i]}, options)[0]);
    }
  }
}

TEST(LateInteraction, SettlingEarlyLeavesTheTopAsFullEffortHasIt) {
  const auto texts = many_documents(900);  // more than one round of them
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  const Engine engine = load();
  const auto full = logits(engine, "gentle skin care", documents, {.effort = Effort::full});
  const auto tiny = logits(engine, "gentle skin care", documents, {.effort = Effort::tiny});
  const auto turbo = logits(engine, "gentle skin care", documents, {.effort = Effort::turbo});
  const auto ranking =
      engine.rank("gentle skin care", documents, {.score = ScoreKind::logit, .exact_top = 10});
  ASSERT_TRUE(ranking);
  ASSERT_EQ(ranking->results.size(), documents.size());
  std::size_t settled = 0;
  for (std::size_t i = 0; i < ranking->results.size(); ++i) {
    const RankedDocument& result = ranking->results[i];
    if (i < 10) {
      EXPECT_EQ(result.depth, Effort::full) << i;
    }
    EXPECT_LE(result.depth, ranking->results[i == 0 ? 0 : i - 1].depth);
    settled += result.depth != Effort::full;
    const auto& exact = result.depth == Effort::full    ? full
                        : result.depth == Effort::turbo ? turbo
                                                        : tiny;
    EXPECT_EQ(result.relevance_score, exact[result.index]);  // as if it went there at once
  }
  EXPECT_GT(settled, documents.size() / 4);
  const Engine small_batches = load(1, 96);
  const auto again = small_batches.rank("gentle skin care", documents,
                                        {.score = ScoreKind::logit, .exact_top = 10});
  ASSERT_TRUE(again);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    EXPECT_EQ(again->results[i].index, ranking->results[i].index);
    EXPECT_EQ(again->results[i].relevance_score, ranking->results[i].relevance_score);
  }
}

TEST(LateInteraction, WithoutATopNothingIsSettledEarly) {
  const auto texts = many_documents(30);
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  const Engine engine = load();
  EXPECT_EQ(logits(engine, "skin", documents, {}),
            logits(engine, "skin", documents, {.effort = Effort::full}));
}

TEST(LateInteraction, ReadsLongDocumentsInWindowsAndFindsPassages) {
  const Engine engine = load();
  std::string text;
  for (int i = 0; i < 60; ++i) text += "Something about water and tests. ";
  text += "Gentle organic skin care with aloe vera. ";
  for (int i = 0; i < 60; ++i) text += "Something about water and tests. ";
  const std::string_view document = text;
  for (const std::size_t top : {std::size_t{0}, std::size_t{1}}) {
    const auto ranking =
        engine.rank("skin care", std::span(&document, 1), {.passages = 1, .exact_top = top});
    ASSERT_TRUE(ranking);
    EXPECT_GT(ranking->results[0].windows, 3U);
    EXPECT_FALSE(ranking->results[0].truncated);
    EXPECT_EQ(ranking->results[0].passages.size(), 1U);
  }
}

// Whatever is found again, in however small a cache, and however far it was read before.
TEST(LateInteraction, DocumentsSeenBeforeScoreTheSame) {
  const auto texts = many_documents(120);
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  const Engine plain = load();
  for (const std::size_t bytes :
       {std::size_t{1} << 24U, std::size_t{1} << 17U, std::size_t{4096}}) {
    const Engine engine = load(2, 500, bytes);
    for (const char* query : {"gentle skin care", "aloe water", "organic test"}) {
      for (const std::size_t top : {std::size_t{7}, std::size_t{0}, std::size_t{7}}) {
        for (const Effort effort : {Effort::tiny, Effort::automatic, Effort::turbo, Effort::full}) {
          const RankOptions options{.score = ScoreKind::logit, .effort = effort, .exact_top = top};
          const std::span some = std::span(documents).subspan(query[0] % 7 * 5, 80);
          const auto expected = plain.rank(query, some, options);
          const auto found = engine.rank(query, some, options);
          ASSERT_TRUE(expected && found);
          EXPECT_EQ(expected->usage.known_tokens, 0U);
          EXPECT_EQ(expected->usage.work, found->usage.work);
          for (std::size_t i = 0; i < some.size(); ++i) {
            EXPECT_EQ(found->results[i].index, expected->results[i].index);
            EXPECT_EQ(found->results[i].relevance_score, expected->results[i].relevance_score);
            EXPECT_EQ(found->results[i].depth, expected->results[i].depth);
          }
        }
      }
    }
  }
}

TEST(LateInteraction, DocumentsSeenBeforeAreNotEncodedAgain) {
  const auto texts = many_documents(20);
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  const Engine engine = load(2, 0, std::size_t{1} << 24U);
  const auto known = [&](std::string_view query, RankOptions options) {
    const auto ranking = engine.rank(query, documents, options);
    EXPECT_TRUE(ranking);
    return ranking->usage.known_tokens;
  };
  std::size_t tokens = 0;
  EXPECT_EQ(known("skin", {.effort = Effort::turbo}), 0U);
  const auto again = engine.rank("water", documents, {.effort = Effort::turbo});
  for (const RankedDocument& result : again->results) tokens += result.tokens;
  EXPECT_EQ(again->usage.known_tokens, tokens);
  EXPECT_EQ(known("water", {.effort = Effort::tiny}), tokens);
  EXPECT_EQ(known("water", {}), 0U);  // one depth is new
  EXPECT_EQ(known("aloe", {}), tokens);
  EXPECT_EQ(known("aloe", {.document_scope = 1}), 0U);
}

TEST(LateInteraction, WorkIsTheShareOfLayersThatWereRead) {
  const auto texts = many_documents(100);
  const std::vector<std::string_view> documents(texts.begin(), texts.end());
  const Engine engine = load();
  const auto work = [&](RankOptions options) {
    return engine.rank("gentle skin care", documents, options)->usage.work;
  };
  EXPECT_EQ(work({}), 1);
  EXPECT_NEAR(work({.effort = Effort::turbo}), 0.5, 0.02);  // 2 of 4 layers; the query in full
  EXPECT_NEAR(work({.effort = Effort::tiny}), 0.25, 0.02);
  EXPECT_LT(work({.exact_top = 5}), 0.95);
  EXPECT_GT(work({.exact_top = 5}), 0.25);
}

TEST(LateInteraction, HasVectorsToo) {
  const Engine engine = load();
  const std::string_view text = "skin";
  const auto vectors = engine.embed(std::span(&text, 1), true);
  ASSERT_TRUE(vectors);
  EXPECT_EQ(vectors->size(), engine.info().hidden_size);
}

TEST(LateInteraction, ModelsOfOneDepthRefuseLessEffort) {
  const auto engine = Engine::load({.model = data("tiny-bert").string()});
  ASSERT_TRUE(engine);
  const std::string_view text = "skin";
  const auto ranking = engine->rank("skin", std::span(&text, 1), {.effort = Effort::tiny});
  ASSERT_FALSE(ranking);
  EXPECT_EQ(ranking.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace podium
