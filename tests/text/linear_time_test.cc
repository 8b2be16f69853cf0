// Twice the text takes about twice the time, whatever the text.
#include <gtest/gtest.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>

#include "fixtures.h"

namespace podium::text {
namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string repeated(std::string_view unit, std::size_t size) {
  std::string out;
  while (out.size() < size) out += unit;
  return out;
}

double seconds_to_encode(const Tokenizer& tokenizer, const std::string& text) {
  Encoding out;
  const double begin = cpu_seconds();
  tokenizer.encode(text, out);
  return cpu_seconds() - begin;
}

// The time for a text of twice the size by that for once. Each side is its fastest of some tries,
// since other work on the machine only ever adds.
double ratio_for_double(const Tokenizer& tokenizer, std::string_view head, std::string_view unit) {
  constexpr std::size_t kSize = 3 << 19;
  const std::string once = std::string(head) + repeated(unit, kSize);
  const std::string twice = std::string(head) + repeated(unit, 2 * kSize);
  double shorter = 1e9;
  double longer = 1e9;
  for (int i = 0; i < 8 && longer / shorter > 2.2; ++i) {
    longer = std::min(longer, seconds_to_encode(tokenizer, twice));
    shorter = std::min(shorter, seconds_to_encode(tokenizer, once));
  }
  return longer / shorter;
}

TEST(LinearTime, HoldsForTextsMadeToBeSlow) {
  struct Hard {
    std::string_view head, unit;
  };
  const std::vector<Hard> texts = {
      {"", "a"},                 // one letter, no border anywhere
      {"e", "\u0301"},           // one grapheme cluster
      {"e", "\u0323\u0301"},     // marks to be put in order
      {"", "\u2581"},            // the mark that Metaspace cuts at
      {"", " "},                 // whitespace before an added token that never comes
      {"", "</s"},               // almost an added token
      {"", "<"},                 //
      {"", "<mask>"},            // nothing but added tokens
      {"", " <mask>"},           // that take whitespace along
      {"", "\uFDFA"},            // the longest replacement there is
      {"", "\U0001F1E9"},        // flags
      {"", "\U0001F468\u200D"},  // a family without end
      {"", "\u1100\u1161"},      // Hangul to be composed
      {"", "\xFF"},              // nothing is UTF-8
      {"", "\x01"},              // nothing is left
      {"", "."},                 // every character is a piece
      {"", "\n "},               // line ends and spaces in turn
      {"", "The quick brown fox. "},
  };
  // Memory is kept from call to call: fresh pages cost as much as the tokens written to them, and
  // glibc maps fresh ones for the longer text alone.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  for (const auto* name : {"unigram.json", "wordpiece.json", "bytes.json"}) {
    const Tokenizer tokenizer = load(read_data(name), SpecialTokens::match);
    for (const Hard& hard : texts) {
      EXPECT_LT(ratio_for_double(tokenizer, hard.head, hard.unit), 2.3)
          << name << ": " << hard.head << " and many " << ::testing::PrintToString(hard.unit);
    }
  }
}

}  // namespace
}  // namespace podium::text
