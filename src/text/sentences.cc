#include "text/sentences.h"

#include <algorithm>
#include <iterator>

#include "text/mapped_text.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

// Stops without a blank behind them: Chinese, Japanese, Devanagari, Urdu, Arabic, Khmer, Burmese,
// Ethiopic.
constexpr char32_t kFullStops[] = {0x3002, 0xFF0E, 0xFF01, 0xFF1F, 0xFF61, 0x0964, 0x0965, 0x06D4,
                                   0x061F, 0x17D4, 0x17D5, 0x104A, 0x104B, 0x1362, 0x1367, 0x1368};
// What belongs to the sentence before it.
constexpr char32_t kClosers[] = {'"',    '\'',   ')',    ']',    '}',    0xBB,  0x2019,
                                 0x201D, 0x203A, 0x300D, 0x300F, 0x3011, 0xFF09};

template <std::size_t n>
bool is_any(char32_t c, const char32_t (&of)[n]) {
  return std::find(std::begin(of), std::end(of), c) != std::end(of);
}

bool is_stop(char32_t c) { return c == '.' || c == '!' || c == '?' || c == 0x2026; }

bool is_line_end(char32_t c) {
  return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_lower(char32_t c) {
  return (c >= 'a' && c <= 'z') ||
         (c >= 0x80 && to_lower(c) == c && is_letter(c) && (c >= 0xDF && c <= 0x52F));
}

}  // namespace

void SentenceScanner::feed(std::string_view part, std::vector<std::size_t>& out) {
  for (std::size_t at = 0; at < part.size();) {
    const Character c = character_at(part, at);
    take(c.code_point, at_ + at, out);
    at += c.length;
  }
  at_ += part.size();
}

void SentenceScanner::take(char32_t c, std::size_t at, std::vector<std::size_t>& out) {
  if (is_line_end(c)) {
    state_ = State::line;
    return;
  }
  if (state_ == State::line || !lines_only_) {
    if (is_whitespace(c)) {
      if (state_ == State::stop) state_ = State::blank;
      return;
    }
    const bool begins =
        state_ == State::line ||
        (state_ == State::ended && !is_any(c, kClosers) && !is_any(c, kFullStops)) ||
        (state_ == State::blank && !is_lower(c));
    if (begins && at > 0) out.push_back(at);
    if (begins || state_ == State::blank) state_ = State::inside;
  }
  if (lines_only_) return;
  if (is_any(c, kFullStops)) {
    state_ = State::ended;
  } else if (is_stop(c)) {
    state_ = State::stop;
  } else if (state_ == State::stop && !is_any(c, kClosers)) {
    state_ = State::inside;
  }
}

}  // namespace podium::text
