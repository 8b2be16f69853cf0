// Long documents: which windows they are read in, and what becomes of the windows' scores.
#include "engine/windows.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/utf8.h"
#include "engine/tiny_engine.h"

namespace podium {
namespace {

using model::data;

struct Stretch {
  std::size_t begin;
  std::size_t end;
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

void PrintTo(const Stretch& stretch, std::ostream* out) {
  *out << stretch.begin << ".." << stretch.end;
}

// The rule as jina-reranker-v2 has it, over a document that is there as a whole.
std::vector<Stretch> slow_windows(std::size_t size, std::size_t room, std::size_t overlap) {
  if (size <= room) return {{0, size}};
  overlap = std::min(overlap, room / 4);
  std::vector<Stretch> out;
  for (std::size_t start = 0;; start += room - overlap) {
    if (start + room >= size) return out.push_back({size - room, size}), out;
    out.push_back({start, start + room});
  }
}

// Those of a cutter that gets the tokens in parts; token i is byte i.
std::vector<Stretch> cut(std::size_t size, const WindowRule& rule, std::size_t part,
                         const std::vector<std::size_t>& borders = {}) {
  WindowCutter cutter;
  std::vector<Stretch> out;
  std::size_t longest = 0;
  for (std::size_t fed = 0; !cutter.is_done();) {
    const std::size_t end = std::min(size, fed + part);
    for (; fed < end; ++fed) {
      cutter.tokens().ids.push_back(static_cast<text::TokenId>(fed % 1000));
      cutter.tokens().offsets.push_back({fed, fed + 1});
    }
    cutter.borders() = borders;
    while (const auto window = cutter.next(rule, fed == size)) {
      out.push_back({window->begin, window->end});
      EXPECT_EQ(window->ids.size(), window->end - window->begin);
      if (!window->ids.empty()) {
        EXPECT_EQ(window->ids[0], static_cast<text::TokenId>(window->begin % 1000));
      }
    }
    longest = std::max(longest, cutter.tokens().ids.size());
  }
  EXPECT_LE(longest, 2 * rule.room + part);  // what is held does not grow with the document
  return out;
}

TEST(Windows, AreThoseOfTheSlowRule) {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    const std::size_t size = random() % 3 == 0 ? random() % 40 : random() % 4000;
    const std::size_t room = 1 + random() % 600;
    const std::size_t overlap = random() % 200;
    const std::size_t part = 1 + random() % 700;
    ASSERT_EQ(cut(size, {.room = room, .overlap = overlap}, part),
              slow_windows(size, room, overlap))
        << size << " tokens, room " << room << ", overlap " << overlap;
  }
}

TEST(Windows, OfJinasLengthsForDocumentsUpToSixHundredThousandTokens) {
  // `<s> q </s></s> d </s>` of 1,024 tokens beside queries of 1, 10 and 510 tokens.
  for (const std::size_t room : {std::size_t{1019}, std::size_t{1010}, std::size_t{510}}) {
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{509}, std::size_t{510}, std::size_t{511}, std::size_t{1019},
          std::size_t{1020}, std::size_t{8192}, std::size_t{524288}, std::size_t{600000}}) {
      EXPECT_EQ(cut(size, {.room = room, .overlap = 80}, 4000), slow_windows(size, room, 80));
    }
  }
}

TEST(Windows, StopAtTheMostThatIsAskedFor) {
  const WindowRule three{.room = 10, .overlap = 2, .most = 3};
  EXPECT_EQ(cut(1000, three, 7), (std::vector<Stretch>{{0, 10}, {8, 18}, {16, 26}}));
  EXPECT_EQ(cut(26, three, 7), (std::vector<Stretch>{{0, 10}, {8, 18}, {16, 26}}));
  EXPECT_EQ(cut(25, three, 7), (std::vector<Stretch>{{0, 10}, {8, 18}, {15, 25}}));
}

TEST(Windows, EndAtBordersWhereTheyCan) {
  const std::vector<std::size_t> borders{3, 8, 17, 20, 60};
  const auto windows = cut(70, {.room = 10, .overlap = 2}, 1000, borders);
  // To 8; to 17, the first border in the overlap being the end itself; none in 17..27 but 20,
  // which is in the first half.
  EXPECT_EQ(windows[0], (Stretch{0, 8}));
  EXPECT_EQ(windows[1], (Stretch{8, 17}));
  EXPECT_EQ(windows[2], (Stretch{17, 27}));
  EXPECT_EQ(windows[3], (Stretch{25, 35}));
  EXPECT_EQ(windows.back().end, 70U);
}

// What the goldens call a document of so many words.
struct Words {
  std::vector<std::string> words;

  std::string text(std::size_t count) const {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += ' ';
      out += words[(i * i + 3 * i) % words.size()];
    }
    return out;
  }
};

const json::Document& golden() {
  static const json::Document document =
      model::read_json(std::filesystem::path(PODIUM_SOURCE_DIR) / "tests/golden/windows.json");
  return document;
}

Words golden_words() {
  Words words;
  golden().root().find("words")->for_each_element(
      [&](json::Value word) { return words.words.emplace_back(*word.as_string()), true; });
  return words;
}

class Goldens : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Models, Goldens,
                         testing::Values("tiny-jina-flash", "tiny-xlmr", "tiny-bert",
                                         "tiny-bi-encoder-mean", "tiny-bi-encoder-cls"));

TEST_P(Goldens, ScoresAreThoseOfPyTorch) {
  const Engine engine = load(GetParam());
  const Words words = golden_words();
  std::size_t cases = 0;
  golden().root().find(GetParam())->for_each_element([&](json::Value c) {
    const auto number = [&](const char* key) {
      return static_cast<std::size_t>(*c.find(key)->as_int());
    };
    const std::string query = number("query_words") > 0
                                  ? words.text(number("query_words"))
                                  : "Organic skincare products for sensitive skin";
    const std::string document = words.text(number("words"));
    const std::string_view view = document;
    const auto ranking =
        engine.rank(query, {&view, 1}, {.score = ScoreKind::logit, .overlap = number("overlap")});
    EXPECT_TRUE(ranking);
    const RankedDocument& result = ranking->results[0];
    EXPECT_NEAR(result.relevance_score, *c.find("logit")->as_double(), 2e-5) << number("words");
    EXPECT_EQ(result.windows, number("windows")) << number("words");
    EXPECT_EQ(result.tokens, number("tokens")) << number("words");
    // Nothing of the document is left out; the long query is cut where a document needs the room.
    if (number("query_words") == 0) {
      EXPECT_FALSE(result.truncated);
    }
    return ++cases, true;
  });
  EXPECT_GT(cases, 20U);
}

// A source that gives its text in small parts, cut inside characters.
class Trickle final : public DocumentSource {
 public:
  Trickle(std::vector<std::string> documents, std::size_t part)
      : documents_(std::move(documents)), part_(part) {}
  Result<bool> next() override {
    at_ = 0;
    return next_++ < documents_.size();
  }
  Result<std::string_view> read() override {
    const std::string_view part = std::string_view(documents_[next_ - 1]).substr(at_, part_);
    at_ += part.size();
    return part;
  }

 private:
  std::vector<std::string> documents_;
  std::size_t part_;
  std::size_t next_ = 0;
  std::size_t at_ = 0;
};

TEST(LongDocuments, FromASourceScoreAsThoseInMemory) {
  const Words words = golden_words();
  const std::vector<std::string> documents{words.text(5000), "", words.text(3), words.text(700)};
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  for (const char* name : {"tiny-xlmr", "tiny-bi-encoder-mean", "tiny-qwen3", "tiny-jina-v3"}) {
    const Engine engine = load(name, {.threads = 2, .batch_tokens = 500});
    const auto whole = engine.rank("sensitive skin", views);
    ASSERT_TRUE(whole) << whole.error().message;
    for (const std::size_t part : {std::size_t{1}, std::size_t{1000}}) {
      Trickle source(documents, part);
      const auto parts = engine.rank("sensitive skin", source);
      ASSERT_TRUE(parts) << parts.error().message;
      for (std::size_t i = 0; i < documents.size(); ++i) {
        EXPECT_EQ(parts->results[i].index, whole->results[i].index) << name;
        EXPECT_EQ(parts->results[i].relevance_score, whole->results[i].relevance_score) << name;
        EXPECT_EQ(parts->results[i].windows, whole->results[i].windows) << name;
      }
    }
  }
}

TEST(LongDocuments, BadTextAndNoDocumentsAreRefused) {
  const Engine engine = load("tiny-bert");
  Trickle none({}, 10);
  const auto empty = engine.rank("q", none);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::invalid_argument);
  for (const char* bad : {"abc\xFF", "abc\xE3\x81", "\x80"}) {
    Trickle source({"fine", std::string(bad)}, 1);
    const auto ranking = engine.rank("q", source);
    ASSERT_FALSE(ranking);
    EXPECT_EQ(ranking.error().code, ErrorCode::malformed);
    EXPECT_NE(ranking.error().message.find("document 1"), std::string::npos);
  }
}

TEST(LongDocuments, AggregationsAreMadeOfTheWindowsScores) {
  const Engine engine = load("tiny-xlmr");
  const Words words = golden_words();
  const std::string document = words.text(400);
  const std::string_view view = document;
  const auto rank = [&](RankOptions options) {
    options.score = ScoreKind::logit;
    return engine.rank("sensitive skin", {&view, 1}, options)->results[0];
  };
  // The score of each window by itself: the mean of all, of which each next one adds its own.
  const RankedDocument max = rank({});
  ASSERT_GT(max.windows, 4U);
  const double best = rank({.aggregation = Aggregation::mean, .mean_of = 1}).relevance_score;
  EXPECT_EQ(best, max.relevance_score);
  double sum = best, last = best;
  for (std::size_t k = 2; k <= max.windows; ++k) {
    const double mean = rank({.aggregation = Aggregation::mean, .mean_of = k}).relevance_score;
    const double next = mean * static_cast<double>(k) - sum;
    EXPECT_LE(next, last + 1e-9);
    last = next;
    sum += next;
  }
  // More than there are: all.
  EXPECT_NEAR(rank({.aggregation = Aggregation::mean, .mean_of = 1000}).relevance_score,
              sum / static_cast<double>(max.windows), 1e-9);
  const RankedDocument first = rank({.aggregation = Aggregation::first});
  EXPECT_EQ(first.windows, 1U);
  EXPECT_TRUE(first.truncated);
  EXPECT_EQ(first.relevance_score, rank({.max_windows = 1}).relevance_score);
}

TEST(LongDocuments, WhatIsLeftOutIsSaid) {
  const Words words = golden_words();
  const std::string document = words.text(400);
  const std::string_view view = document;
  for (const char* name : {"tiny-xlmr", "tiny-bi-encoder-cls", "tiny-qwen2", "tiny-qwen3"}) {
    const Engine engine = load(name);
    const auto rank = [&](const RankOptions& options) {
      return engine.rank("sensitive skin", {&view, 1}, options)->results[0];
    };
    const RankedDocument whole = rank({});
    EXPECT_FALSE(whole.truncated) << name;
    EXPECT_GT(whole.windows, 2U) << name;
    EXPECT_FALSE(rank({.max_windows = whole.windows}).truncated) << name;
    EXPECT_EQ(rank({.max_windows = whole.windows}).relevance_score, whole.relevance_score) << name;
    const RankedDocument fewer = rank({.max_windows = whole.windows - 1});
    EXPECT_TRUE(fewer.truncated) << name;
    EXPECT_EQ(fewer.windows, whole.windows - 1) << name;
    const RankedDocument ten = rank({.max_document_tokens = 10});
    EXPECT_TRUE(ten.truncated) << name;
    EXPECT_EQ(ten.windows, 1U) << name;
    EXPECT_FALSE(rank({.max_document_tokens = 1 << 20}).truncated) << name;
    // A query that is too long leaves something of the document.
    const auto crowded = engine.rank(document, {&view, 1}, {});
    EXPECT_TRUE(crowded->results[0].truncated) << name;
    EXPECT_LE(engine.info().max_length * crowded->results[0].windows,
              crowded->results[0].tokens + engine.info().max_length)
        << name;
  }
}

TEST(LongDocuments, ScoresAreEqualToTheBitWhateverTheBatchAndTheThreads) {
  const Words words = golden_words();
  const std::vector<std::string> documents{words.text(900), words.text(20), words.text(333)};
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  for (const char* name :
       {"tiny-jina-flash", "tiny-modernbert", "tiny-bi-encoder-mean", "tiny-qwen2"}) {
    const Engine small = load(name, {.threads = 1, .batch_tokens = 1});
    const Engine large = load(name, {.threads = 3, .batch_tokens = 100000});
    for (const WindowEnd end : {WindowEnd::anywhere, WindowEnd::sentence, WindowEnd::line}) {
      const auto a = small.rank("sensitive skin", views, {.window_end = end});
      const auto b = large.rank("sensitive skin", views, {.window_end = end});
      for (std::size_t i = 0; i < views.size(); ++i) {
        EXPECT_EQ(a->results[i].relevance_score, b->results[i].relevance_score) << name;
        const auto alone =
            large.rank("sensitive skin", {&views[a->results[i].index], 1}, {.window_end = end});
        EXPECT_EQ(a->results[i].relevance_score, alone->results[0].relevance_score) << name;
      }
    }
  }
}

}  // namespace
}  // namespace podium
