// Unigram against a Viterbi search that knows no trie, and its rules for unknown characters.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>

#include "fixtures.h"

namespace podium::text {
namespace {

using Scores = std::map<std::string, double>;

std::string tokenizer_json(const Scores& scores, std::string_view more = "") {
  std::string out = R"({"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0])";
  for (const auto& [piece, score] : scores) {
    out += ",[";
    json::Writer(out).value(piece);
    out += fmt::format(",{}]", score);
  }
  return out + "]" + std::string(more) + "}}";
}

// Ends of the tokens of an ASCII text: all ways to every position, tried one by one.
std::vector<std::size_t> reference(const Scores& scores, const std::string& text) {
  constexpr double kUnreached = -std::numeric_limits<double>::infinity();
  double worst = 0;
  for (const auto& [piece, score] : scores) worst = std::min(worst, score);
  std::vector<double> best(text.size() + 1, kUnreached);
  std::vector<std::size_t> from(text.size() + 1);
  std::vector<bool> unknown(text.size() + 1);
  best[0] = 0;
  const auto reach = [&](std::size_t begin, std::size_t end, double score, bool is_unknown) {
    if (best[begin] + score <= best[end]) return;
    best[end] = best[begin] + score;
    from[end] = begin;
    unknown[end] = is_unknown;
  };
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t end = begin + 1; end <= text.size(); ++end) {
      const auto found = scores.find(text.substr(begin, end - begin));
      if (found != scores.end()) reach(begin, end, found->second, false);
    }
    if (!scores.contains(text.substr(begin, 1))) reach(begin, begin + 1, worst - 10, true);
  }
  std::vector<std::size_t> ends;
  bool after_unknown = false;  // the token behind is unknown: one in front of it joins it
  for (std::size_t end = text.size(); end > 0; end = from[end]) {
    if (!(unknown[end] && after_unknown)) ends.push_back(end);
    after_unknown = unknown[end];
  }
  return {ends.rbegin(), ends.rend()};
}

TEST(Unigram, EqualsAPlainViterbiSearch) {
  std::mt19937 random(7);
  const auto random_text = [&](std::size_t longest) {
    std::string out(1 + random() % longest, ' ');
    for (char& c : out) c = static_cast<char>('a' + random() % 4);
    return out;
  };
  for (int round = 0; round < 200; ++round) {
    Scores scores;
    for (int i = 0; i < 12; ++i)
      scores[random_text(4)] = -static_cast<double>(random() % 1000) / 64;
    const Tokenizer tokenizer = load(tokenizer_json(scores));
    for (int i = 0; i < 20; ++i) {
      const std::string text = random_text(30);
      std::vector<std::size_t> ends;
      for (const Offset& offset : encode(tokenizer, text).offsets) ends.push_back(offset.end);
      EXPECT_EQ(ends, reference(scores, text)) << text << '\n' << tokenizer_json(scores);
    }
  }
}

TEST(Unigram, RunsOfUnknownCharactersAreOneToken) {
  const Tokenizer tokenizer = load(tokenizer_json({{"a", -1}}));
  EXPECT_EQ(encode(tokenizer, "xyaéz").ids, (std::vector<TokenId>{0, 1, 0}));
  EXPECT_EQ(encode(tokenizer, "xyaéz").offsets[2].end, 6U);
}

TEST(Unigram, ByteFallbackSpellsUnknownRuns) {
  Scores scores = {{"a", -1}};
  for (int byte = 0; byte < 256; ++byte) scores[fmt::format("<0x{:02X}>", byte)] = -20;
  const Tokenizer tokenizer = load(tokenizer_json(scores, R"(,"byte_fallback":true)"));
  EXPECT_EQ(pieces(tokenizer, "aé"), (std::vector<std::string>{"a", "<0xC3>", "<0xA9>"}));
}

TEST(Unigram, ByteFallbackNeedsAllBytes) {
  const Tokenizer tokenizer =
      load(tokenizer_json({{"a", -1}, {"<0xC3>", -1}}, R"(,"byte_fallback":true)"));
  EXPECT_EQ(pieces(tokenizer, "aé"), (std::vector<std::string>{"a", "<unk>"}));
}

}  // namespace
}  // namespace podium::text
