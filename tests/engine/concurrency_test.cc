// Many calls at once on one engine: each gets the scores it would get alone.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "model/golden.h"
#include "podium/podium.h"

namespace podium {
namespace {

using namespace std::chrono_literals;

Engine load(const std::string& name, EngineOptions options = {}) {
  options.model = model::data(name).string();
  options.precision = Precision::fp32;
  auto engine = Engine::load(options);
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  return *std::move(engine);
}

std::vector<std::string> texts(std::size_t count, std::size_t salt) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string& text = out.emplace_back();
    for (std::size_t word = 0; word < (i * 7 + salt) % 23; ++word) {
      text += "word" + std::to_string(i * salt + word) + " ";
    }
  }
  return out;
}

class Concurrent : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Models, Concurrent,
                         testing::Values("tiny-xlmr", "tiny-bert", "tiny-qwen3",
                                         "tiny-bi-encoder-mean"));

TEST_P(Concurrent, ScoresAreThoseOfALoneCall) {
  const Engine engine = load(GetParam(), {.threads = 2, .batch_tokens = 256});
  constexpr std::size_t kClients = 6;
  std::vector<std::vector<std::string>> documents;
  std::vector<Ranking> expected;
  const auto query = [](std::size_t client) { return "question " + std::to_string(client % 3); };
  for (std::size_t client = 0; client < kClients; ++client) {
    documents.push_back(texts(client % 2 == 0 ? 60 : 5, client + 1));
    const std::vector<std::string_view> views(documents.back().begin(), documents.back().end());
    auto alone = engine.rank(query(client), views);
    ASSERT_TRUE(alone) << alone.error().message;
    expected.push_back(*std::move(alone));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (std::size_t client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      const std::vector<std::string_view> views(documents[client].begin(), documents[client].end());
      for (int round = 0; round < 4; ++round) {
        const auto ranking = engine.rank(query(client), views, {.client = client % 4});
        if (!ranking || ranking->usage.total_tokens != expected[client].usage.total_tokens) {
          ++wrong;
          continue;
        }
        for (std::size_t i = 0; i < views.size(); ++i) {
          const RankedDocument& got = ranking->results[i];
          const RankedDocument& want = expected[client].results[i];
          wrong += got.index != want.index || got.relevance_score != want.relevance_score;
        }
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(engine.queue().requests, 0U);
  EXPECT_EQ(engine.queue().waiting_tokens, 0U);
}

TEST(Concurrency, AFewDocumentsAreAnsweredWhileManyAreRanked) {
  const Engine engine = load("tiny-xlmr", {.threads = 1, .batch_tokens = 512});
  const auto many = texts(5000, 5);
  const std::vector<std::string_view> views(many.begin(), many.end());
  std::atomic<bool> started = false, finished = false;
  std::thread long_call([&] {
    const auto ranking =
        engine.rank("query", views,
                    {.progress = [&](std::size_t, std::size_t) { started = true; }, .client = 1});
    EXPECT_TRUE(ranking);
    finished = true;
  });
  while (!started) std::this_thread::yield();
  const auto few = engine.rank("query", std::span(views).first(5), {.client = 2});
  EXPECT_FALSE(finished);
  EXPECT_TRUE(few);
  long_call.join();
}

TEST(Concurrency, ACallerThatHangsUpOrRunsOutOfTimeIsLetGo) {
  const Engine engine = load("tiny-xlmr", {.threads = 1, .batch_tokens = 512});
  const auto many = texts(5000, 5);
  const std::vector<std::string_view> views(many.begin(), many.end());
  const auto late =
      engine.rank("query", views, {.deadline = std::chrono::steady_clock::now() + 5ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline_exceeded);
  std::stop_source source;
  const auto hung_up =
      engine.rank("query", views,
                  {.progress = [&](std::size_t, std::size_t) { source.request_stop(); },
                   .cancel = source.get_token()});
  ASSERT_FALSE(hung_up);
  EXPECT_EQ(hung_up.error().code, ErrorCode::cancelled);
  EXPECT_EQ(engine.queue().requests, 0U);
  EXPECT_TRUE(engine.rank("query", std::span(views).first(3)));
}

TEST(Concurrency, AFullQueueRefuses) {
  const Engine engine = load("tiny-xlmr", {.threads = 1, .max_waiting_tokens = 100});
  const auto documents = texts(400, 5);
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  ErrorCode code = ErrorCode::internal;
  const auto lone = engine.rank("query", views, {.progress = [&](std::size_t, std::size_t) {
                                  const auto second = engine.rank("query", views);
                                  if (!second) code = second.error().code;
                                }});
  EXPECT_TRUE(lone) << "a request alone is never refused";
  EXPECT_EQ(code, ErrorCode::overloaded);
}

}  // namespace
}  // namespace podium
