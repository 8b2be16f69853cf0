// A text in parts has the tokens of the whole.
#include "text/token_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "fixtures.h"

namespace podium::text {
namespace {

constexpr const char* kTokenizers[] = {"unigram.json", "wordpiece.json", "bytes.json", "words.json",
                                       "characters.json"};

// Fed in parts of `part` bytes, cut anywhere.
Encoding streamed(const Tokenizer& tokenizer, std::string_view text, std::size_t piece,
                  std::size_t part) {
  TokenStream stream(tokenizer, piece);
  Encoding out;
  for (std::size_t at = 0; at < text.size(); at += part) stream.feed(text.substr(at, part), out);
  stream.finish(out);
  return out;
}

// Words, blanks, marks and broken bytes in any order.
std::string random_text(std::mt19937& random, std::size_t size) {
  constexpr std::string_view kParts[] = {
      "the",    "quick",    "Straße", "don't",   "12", "3.5",
      "…",      ".",        ",",      "!\n",     "\n", "\n\n",
      "\r\n",   "  ",       "   ",    "\t",      "。", "東京",
      "は",     "\u3000",   "\u0301", "e\u0301", "é",  "ﷺ",
      "\xFF",   "\xE3\x81", "<mask>", "</s>",    "▁",  "👩‍👩‍👧",
      "हिन्दी",  "ไทย",      "'",      "''",      "-",  "_",
      "\u00A0", "\u200B",   "()",     "x"};
  std::string text;
  while (text.size() < size) {
    text += kParts[random() % std::size(kParts)];
    if (random() % 3 != 0) text += ' ';
  }
  return text;
}

TEST(TokenStream, HasTheTokensOfTheWhole) {
  std::mt19937 random(7);
  for (const char* name : kTokenizers) {
    for (const SpecialTokens mode : {SpecialTokens::text, SpecialTokens::match}) {
      const Tokenizer tokenizer = load(read_data(name), mode);
      for (int round = 0; round < 40; ++round) {
        const std::string text = random_text(random, 20 + random() % 3000);
        const Encoding whole = encode(tokenizer, text);
        for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, std::size_t{400}}) {
          const Encoding parts = streamed(tokenizer, text, piece, 1 + random() % 200);
          ASSERT_EQ(parts.ids, whole.ids) << name << " in pieces of " << piece << ": " << text;
          ASSERT_EQ(parts.offsets.size(), parts.ids.size());
          ASSERT_EQ(parts.offsets.back().end, whole.offsets.back().end);
        }
      }
    }
  }
}

TEST(TokenStream, CutsAtBlanksWhereverTheTokenizerSplitsThere) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "Grüner Tee zieht drei Minuten.\nDann ist er fertig. ";
  for (const char* name : {"unigram.json", "wordpiece.json", "bytes.json"}) {
    const Tokenizer tokenizer = load(read_data(name));
    TokenStream stream(tokenizer);
    Encoding out;
    stream.feed(text, out);
    // All but the last piece or two is known before the end.
    EXPECT_GT(out.offsets.back().end, text.size() - 3 * TokenStream::kPieceBytes) << name;
    stream.finish(out);
    EXPECT_EQ(out.ids, encode(tokenizer, text).ids) << name;
  }
}

TEST(TokenStream, ATextWithoutBlanksIsCutBetweenCharactersAtLast) {
  const Tokenizer tokenizer = load(read_data("unigram.json"));
  std::string text;
  while (text.size() < 3 * TokenStream::kLongestStretch) text += "東京は";
  const Encoding out = streamed(tokenizer, text, TokenStream::kPieceBytes, 1000);
  EXPECT_EQ(out.offsets.front().begin, 0U);
  EXPECT_EQ(out.offsets.back().end, text.size());
  character_offsets(text, out);  // none is inside a character
  for (std::size_t i = 1; i < out.offsets.size(); ++i) {
    ASSERT_LE(out.offsets[i].begin, out.offsets[i - 1].end) << "a gap";
  }
}

TEST(TokenStream, IsEmptyForAnEmptyTextAndStartsAgain) {
  const Tokenizer tokenizer = load(read_data("wordpiece.json"));
  TokenStream stream(tokenizer);
  Encoding out;
  stream.finish(out);
  EXPECT_TRUE(out.ids.empty());
  stream.feed("the quick", out);
  stream.clear();
  stream.feed("the", out);
  stream.finish(out);
  EXPECT_EQ(out.ids, encode(tokenizer, "the").ids);
  EXPECT_EQ(out.offsets.front().begin, 0U);
}

}  // namespace
}  // namespace podium::text
