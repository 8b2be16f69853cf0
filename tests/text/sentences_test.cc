#include "text/sentences.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace podium::text {
namespace {

// The sentences of a text fed in parts of `part` bytes, which must not cut a character.
std::vector<std::string> sentences(std::string_view text, bool lines_only = false) {
  SentenceScanner scanner(lines_only);
  std::vector<std::size_t> starts{0};
  scanner.feed(text, starts);
  starts.push_back(text.size());
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    out.emplace_back(text.substr(starts[i], starts[i + 1] - starts[i]));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(Sentences, EndAtStopsBeforeABlank) {
  EXPECT_EQ(sentences("One. Two! Three?  Four"), (Strings{"One. ", "Two! ", "Three?  ", "Four"}));
  EXPECT_EQ(sentences("It costs 3.50 at e.g. shops. He said \"No.\" Then he left."),
            (Strings{"It costs 3.50 at e.g. shops. ", "He said \"No.\" ", "Then he left."}));
  EXPECT_EQ(sentences("Wait... what? Yes…  No"), (Strings{"Wait... what? ", "Yes…  ", "No"}));
  EXPECT_EQ(sentences("Он пришёл. Она ушла."), (Strings{"Он пришёл. ", "Она ушла."}));
}

TEST(Sentences, EndAtStopsThatNeedNoBlank) {
  EXPECT_EQ(sentences("今日は。明日は？「はい。」それ"),
            (Strings{"今日は。", "明日は？", "「はい。」", "それ"}));
  EXPECT_EQ(sentences("यह है। वह"), (Strings{"यह है। ", "वह"}));
}

TEST(Sentences, LinesEndThem) {
  EXPECT_EQ(sentences("a title\n\n  text goes\r\non"),
            (Strings{"a title\n\n  ", "text goes\r\n", "on"}));
  EXPECT_EQ(sentences("One. Two.\nThree. Four", true), (Strings{"One. Two.\n", "Three. Four"}));
}

TEST(Sentences, AreTheSameInParts) {
  const std::string text = "One. Two!  Three?\n\nFour (five.) Six.";
  const Strings whole = sentences(text);
  for (std::size_t part = 1; part < text.size(); ++part) {
    SentenceScanner scanner;
    std::vector<std::size_t> starts;
    for (std::size_t at = 0; at < text.size(); at += part) {
      scanner.feed(std::string_view(text).substr(at, part), starts);
    }
    EXPECT_EQ(starts.size() + 1, whole.size());
  }
}

TEST(Sentences, NeverBeginAtTheStart) {
  EXPECT_EQ(sentences("\n\nOne"), (Strings{"\n\n", "One"}));
  EXPECT_EQ(sentences(""), (Strings{""}));
  EXPECT_EQ(sentences("..."), (Strings{"..."}));
}

}  // namespace
}  // namespace podium::text
