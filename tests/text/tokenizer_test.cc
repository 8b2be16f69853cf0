// The pipeline as a whole: special tokens as text, sequences, threads.
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <thread>

#include "fixtures.h"

namespace podium::text {
namespace {

using Ids = std::vector<TokenId>;

class SpecialTokensAsText : public ::testing::TestWithParam<std::string_view> {};

// No text may reach a control token, neither directly nor by what the normalizer makes of it.
TEST_P(SpecialTokensAsText, AreNeverControlTokens) {
  const Tokenizer tokenizer = load(read_data(GetParam()), SpecialTokens::text);
  for (const auto* text : {"<s>", "</s>", "a</s>b", "＜/s＞", "<mask>", " <mask>", "<pad><unk>",
                           "[CLS]", "[SEP]", "x [MASK] y", "［ＣＬＳ］", "[UNK]", "</s></s></s>"}) {
    for (const std::string& piece : pieces(tokenizer, text)) {
      EXPECT_TRUE(piece == "<unk>" || piece == "[UNK]" ||
                  !(piece.size() > 2 && (piece.ends_with('>') || piece.ends_with(']'))))
          << text << " -> " << piece;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Data, SpecialTokensAsText,
                         ::testing::Values("unigram.json", "wordpiece.json"));

TEST(Tokenizer, SpecialTokensMatchWhenAsked) {
  const Tokenizer tokenizer = load(read_data("unigram.json"), SpecialTokens::match);
  EXPECT_EQ(encode(tokenizer, "</s>").ids, Ids{2});
  const Encoding mask = encode(tokenizer, "</s>  <mask>");  // <mask> takes the spaces before it
  ASSERT_EQ(mask.ids.size(), 2U);
  EXPECT_EQ(mask.offsets[1].begin, 4U);
  EXPECT_EQ(mask.offsets[1].end, 12U);
}

TEST(Tokenizer, AddedTokensThatAreNotSpecialAlwaysMatch) {
  constexpr std::string_view kJson =
      R"({"added_tokens":[{"id":2,"content":"foo","special":false},{"id":3,"content":"<x>","special":true}],
          "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["o",-1]]}})";
  const Tokenizer as_text = load(kJson, SpecialTokens::text);
  EXPECT_EQ(encode(as_text, "ofoo<x>").ids, (Ids{1, 2, 0}));
  EXPECT_EQ(as_text.vocab_size(), 4U);
  EXPECT_EQ(as_text.piece(3), "<x>");
  EXPECT_EQ(as_text.piece(4), "");
  EXPECT_EQ(as_text.piece(-1), "");
}

TEST(Tokenizer, BuildsSequencesByTheTemplate) {
  const Tokenizer xlmr = load(read_data("unigram.json"));
  Sequence out;
  xlmr.build_pair(Ids{5, 6}, Ids{7}, 0, out);
  EXPECT_EQ(out.ids, (Ids{0, 5, 6, 2, 2, 7, 2}));
  EXPECT_EQ(out.type_ids, std::vector<std::uint8_t>(7, 0));
  EXPECT_FALSE(out.truncated);
  xlmr.build_single(Ids{5, 6, 7}, 4, out);
  EXPECT_EQ(out.ids, (Ids{0, 5, 6, 2}));
  EXPECT_TRUE(out.truncated);

  const Tokenizer bert = load(read_data("wordpiece.json"));
  bert.build_pair(Ids{5, 6}, Ids{7}, 0, out);
  EXPECT_EQ(out.type_ids, (std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(bert.special_tokens_in_single(), 2U);
  EXPECT_EQ(bert.special_tokens_in_pair(), 3U);
}

TEST(Tokenizer, ATinyMaximumCutsEvenTheTemplate) {
  const Tokenizer tokenizer = load(read_data("unigram.json"));
  for (std::size_t longest = 1; longest < 8; ++longest) {
    Sequence out;
    tokenizer.build_pair(Ids{5, 6, 7}, Ids{8, 9}, longest, out);
    EXPECT_EQ(out.ids.size(), longest);
    EXPECT_EQ(out.type_ids.size(), longest);
    EXPECT_TRUE(out.truncated);
    EXPECT_EQ(tokenizer.pair_length(3, 2, longest), longest);
  }
}

TEST(Tokenizer, ScratchOfALongTextDoesNotReachTheNext) {
  const Tokenizer tokenizer = load(read_data("unigram.json"));
  const Encoding before = encode(tokenizer, "Hello, wörld");
  encode(tokenizer, std::string(3 << 20, 'a') + "\xFF");
  encode(tokenizer, "");
  EXPECT_EQ(encode(tokenizer, "Hello, wörld").ids, before.ids);
}

TEST(Tokenizer, ThreadsShareOne) {
  const Tokenizer tokenizer = load(read_data("unigram.json"));
  const std::vector<std::string> texts = {"Grüße aus 東京 </s>", "a b  c", std::string(5000, 'x'),
                                          "\xFF ½"};
  std::vector<Encoding> expected;
  for (const std::string& text : texts) expected.push_back(encode(tokenizer, text));
  std::vector<std::thread> threads;
  std::vector<int> differences(4);
  for (std::size_t t = 0; t < differences.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 200; ++i) {
        const std::size_t which = (i + t) % texts.size();
        Encoding out;
        tokenizer.encode(texts[which], out);
        differences[t] += out.ids != expected[which].ids;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differences, std::vector<int>(4, 0));
}

TEST(Tokenizer, DescribesItself) {
  EXPECT_TRUE(load(read_data("unigram.json")).describe().starts_with("Unigram, "));
  EXPECT_GT(load(read_data("wordpiece.json")).memory_bytes(), 10000U);
}

}  // namespace
}  // namespace podium::text
