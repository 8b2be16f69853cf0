// The engine end to end on the tiny models: text in, scores of PyTorch out.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <numeric>
#include <thread>

#include "engine/tiny_engine.h"

namespace podium {
namespace {

using model::data;

struct Case {
  std::string query;
  std::vector<std::string> documents;
  std::vector<float> logits;
  std::vector<bool> truncated;
  std::vector<std::size_t> tokens;
  std::vector<std::size_t> order;

  std::vector<std::string_view> views() const { return {documents.begin(), documents.end()}; }
};

std::vector<Case> golden(const std::string& name) {
  const json::Document document = model::read_json(data(name) / "golden.json");
  std::vector<Case> cases;
  document.root().find("cases")->for_each_element([&](json::Value value) {
    Case& c = cases.emplace_back();
    c.query = *value.find("query")->as_string();
    c.logits = model::numbers<float>(*value.find("logits"));
    c.order = model::numbers<std::size_t>(*value.find("order"));
    value.find("documents")->for_each_element([&](json::Value text) {
      return c.documents.emplace_back(*text.as_string()), true;
    });
    value.find("truncated")->for_each_element([&](json::Value flag) {
      return c.truncated.push_back(*flag.as_bool()), true;
    });
    value.find("pair_ids")->for_each_element([&](json::Value ids) {
      return c.tokens.push_back(ids.size()), true;
    });
    return true;
  });
  return cases;
}

class Tiny : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Models, Tiny,
                         testing::Values("tiny-xlmr", "tiny-xlmr-f16", "tiny-xlmr-bf16-sharded",
                                         "tiny-jina-flash", "tiny-bert", "tiny-roberta",
                                         "tiny-electra", "tiny-electra-small", "tiny-distilbert",
                                         "tiny-mpnet", "tiny-qwen3-yarn", "tiny-deberta",
                                         "tiny-deberta-unshared", "tiny-jina-v1", "tiny-gte",
                                         "tiny-modernbert", "tiny-qwen3", "tiny-qwen2",
                                         "tiny-bi-encoder-cls", "tiny-bi-encoder-mean"));

TEST_P(Tiny, RanksAsPyTorchDoes) {
  const Engine engine = load(GetParam());
  for (const Case& c : golden(GetParam())) {
    // Cut as Hugging Face cuts; windows are the subject of windows_test.cc.
    const auto ranking = engine.rank(
        c.query, c.views(), {.score = ScoreKind::logit, .aggregation = Aggregation::first});
    ASSERT_TRUE(ranking) << ranking.error().message;
    ASSERT_EQ(ranking->results.size(), c.documents.size());
    std::size_t total = 0;
    for (std::size_t i = 0; i < c.documents.size(); ++i) {
      const RankedDocument& result = ranking->results[i];
      EXPECT_EQ(result.index, c.order[i]) << "place " << i;
      EXPECT_NEAR(result.relevance_score, c.logits[result.index], 2e-5) << result.index;
      EXPECT_EQ(result.tokens, c.tokens[result.index]) << result.index;
      EXPECT_EQ(result.truncated, c.truncated[result.index]) << result.index;
      total += result.tokens;
    }
    // A bi-encoder reads the query once for all.
    if (engine.info().head == "cross-encoder") {
      EXPECT_EQ(ranking->usage.total_tokens, total);
    }
  }
}

TEST_P(Tiny, ScoresAreEqualToTheBitWhateverTheBatchAndTheThreads) {
  const Case c = golden(GetParam()).front();
  for (const Precision precision : {Precision::fp32, Precision::int8}) {
    const Engine small =
        load(GetParam(), {.threads = 1, .batch_tokens = 1, .precision = precision});
    const Engine large =
        load(GetParam(), {.threads = 3, .batch_tokens = 100000, .precision = precision});
    const auto reference = large.rank(c.query, c.views());
    ASSERT_TRUE(reference);
    const auto other = small.rank(c.query, c.views());
    ASSERT_TRUE(other);
    for (std::size_t i = 0; i < c.documents.size(); ++i) {
      const RankedDocument& result = reference->results[i];
      EXPECT_EQ(result.relevance_score, other->results[i].relevance_score);
      const std::string_view document = c.documents[result.index];
      const auto alone = large.rank(c.query, {&document, 1});
      ASSERT_TRUE(alone);
      EXPECT_EQ(result.relevance_score, alone->results[0].relevance_score) << result.index;
    }
  }
}

TEST(Instruction, IsTheModelsOwnUnlessOneIsGiven) {
  const Case c = golden("tiny-qwen3").front();
  for (const auto* name : {"tiny-qwen3", "tiny-qwen2"}) {
    const Engine engine = load(name);
    const auto score = [&](const std::string& instruction) {
      const auto ranking = engine.rank(c.query, c.views(), {.instruction = instruction});
      EXPECT_TRUE(ranking);
      return ranking ? ranking->results[0].relevance_score : -1;
    };
    EXPECT_NE(score(""), score("Find what contradicts the query"));
    EXPECT_FALSE(engine.rank(c.query, c.views(), {.instruction = "\xFF"}));
  }
  const Engine engine = load("tiny-qwen3");
  const RankOptions own{
      .instruction = "Given a web search query, retrieve relevant passages that answer the query"};
  EXPECT_EQ(engine.rank(c.query, c.views(), own)->results[0].relevance_score,
            engine.rank(c.query, c.views())->results[0].relevance_score);
  const auto refused = load("tiny-xlmr").rank("q", c.views(), {.instruction = "x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "tiny-xlmr takes no instruction");
}

// All documents in one context; the second case needs two of them.
TEST(Listwise, RanksAsPyTorchDoes) {
  const Engine engine = load("tiny-jina-v3");
  EXPECT_EQ(engine.info().head, "listwise");
  for (const Case& c : golden("tiny-jina-v3")) {
    const auto ranking = engine.rank(c.query, c.views(), {.score = ScoreKind::logit});
    ASSERT_TRUE(ranking) << ranking.error().message;
    ASSERT_EQ(ranking->results.size(), c.documents.size());
    for (const RankedDocument& result : ranking->results) {
      EXPECT_NEAR(result.relevance_score, c.logits[result.index], 2e-5) << result.index;
      EXPECT_EQ(result.tokens, c.tokens[result.index]);
      EXPECT_FALSE(result.truncated);
    }
  }
}

TEST(Listwise, StaysWithinTheContextWhateverIsRanked) {
  const Engine engine = load("tiny-jina-v3");
  const Case c = golden("tiny-jina-v3").front();
  std::string endless;
  while (endless.size() < 60000) endless += "Grüner Tee <|embed_token|> \n\n";
  const std::vector<std::string_view> documents = {endless, "", c.documents.back(), endless,
                                                   endless};
  for (const std::size_t max_length : {std::size_t{600}, std::size_t{1000}, std::size_t{0}}) {
    const auto ranking = engine.rank(endless, documents, {.max_length = max_length});
    ASSERT_TRUE(ranking) << ranking.error().message;
    ASSERT_EQ(ranking->results.size(), documents.size());
    for (const RankedDocument& result : ranking->results) {
      EXPECT_GE(result.relevance_score, 0);
      EXPECT_LE(result.relevance_score, 1);
      EXPECT_TRUE(result.truncated);  // the query is
    }
  }
  EXPECT_FALSE(engine.rank("q", documents, {.max_length = 100}));
}

TEST(Engine, AnswersSeveralThreadsAtOnce) {
  const Case c = golden("tiny-xlmr").front();
  const Engine engine = load("tiny-xlmr", {.threads = 2, .precision = Precision::fp32});
  const auto expected = engine.rank(c.query, c.views());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const auto ranking = engine.rank(c.query, c.views());
        for (std::size_t i = 0; i < c.documents.size(); ++i) {
          wrong += ranking->results[i].relevance_score != expected->results[i].relevance_score;
        }
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Engine, RefusesWhatCannotBeRanked) {
  const Engine engine = load("tiny-bert");
  const std::string_view fine = "a document";
  const std::string_view broken = "a \xFF document";
  const auto code = [&](std::string_view query, std::vector<std::string_view> documents,
                        RankOptions options = {}) {
    const auto ranking = engine.rank(query, documents, options);
    return ranking ? ErrorCode::internal : ranking.error().code;
  };
  EXPECT_EQ(code("", {fine}), ErrorCode::invalid_argument);
  EXPECT_EQ(code(" \t\n", {fine}), ErrorCode::invalid_argument);
  EXPECT_EQ(code("q", {}), ErrorCode::invalid_argument);
  EXPECT_EQ(code("q\x80", {fine}), ErrorCode::malformed);
  EXPECT_EQ(code("q", {fine, broken}), ErrorCode::malformed);
  EXPECT_EQ(code("q", {fine}, {.max_length = 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code("q", {fine}, {.max_length = 1 << 20}), ErrorCode::invalid_argument);
  const auto named = engine.rank("q", std::vector<std::string_view>{fine, broken});
  EXPECT_NE(named.error().message.find("document 1"), std::string::npos) << named.error().message;
}

TEST(Engine, AnEmptyDocumentIsRankedAndALongOneIsReadInWindows) {
  const Engine engine = load("tiny-xlmr");
  const std::string long_text(100000, 'x');
  const std::vector<std::string_view> documents{"", long_text, "short"};
  const auto ranking = engine.rank("query", documents);
  ASSERT_TRUE(ranking) << ranking.error().message;
  for (const RankedDocument& result : ranking->results) {
    EXPECT_FALSE(result.truncated);
    EXPECT_EQ(result.windows > 1, result.index == 1);
    EXPECT_LE(result.tokens, engine.info().max_length * result.windows);
  }
}

TEST(Engine, ManyDocumentsGoThroughInChunks) {
  const Engine engine = load("tiny-xlmr");
  const std::vector<std::string_view> documents(9000, "the same text");
  std::size_t last = 0;
  const auto ranking =
      engine.rank("query", documents, {.progress = [&](std::size_t done, std::size_t total) {
                    EXPECT_GT(done, last);
                    EXPECT_EQ(total, 9000U);
                    last = done;
                  }});
  ASSERT_TRUE(ranking);
  EXPECT_EQ(last, 9000U);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    ASSERT_EQ(ranking->results[i].index, i);
    ASSERT_EQ(ranking->results[i].relevance_score, ranking->results[0].relevance_score);
  }
}

TEST(Engine, TokenizeGivesPiecesAndCharacterOffsets) {
  const Engine engine = load("tiny-xlmr");
  const auto tokens = engine.tokenize("für Öl");
  ASSERT_TRUE(tokens);
  ASSERT_GE(tokens->size(), 4U);
  EXPECT_EQ(tokens->front().piece, "<s>");
  EXPECT_EQ(tokens->back().piece, "</s>");
  EXPECT_EQ((*tokens)[1].begin, 0U);
  EXPECT_EQ((*tokens)[tokens->size() - 2].end, 6U);
}

TEST(Engine, ACrossEncoderHasNoEmbeddings) {
  const Engine engine = load("tiny-bert");
  const std::string_view text = "text";
  const auto vectors = engine.embed({&text, 1}, true);
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().code, ErrorCode::unsupported);
}

TEST(Engine, RefusesATokenizerOfAnotherModel) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "other-tokenizer";
  std::filesystem::remove_all(directory);
  std::filesystem::copy(data("tiny-bert"), directory);
  std::filesystem::copy_file(data("tiny-xlmr") / "tokenizer.json", directory / "tokenizer.json",
                             std::filesystem::copy_options::overwrite_existing);
  const auto engine = Engine::load({.model = directory.string()});
  ASSERT_FALSE(engine);
  EXPECT_NE(engine.error().message.find("tokenizer.json"), std::string::npos);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace podium
