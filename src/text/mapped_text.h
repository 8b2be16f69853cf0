// A text on its way through the pipeline: what normalizers have made of it so far, and for every
// byte of that where it came from. Always valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace podium::text {

// A thread keeps its scratch memory for the next text unless this one was longer, in bytes.
constexpr std::size_t kKeptScratch = 1 << 20;

struct MappedText {
  // What would grow beyond this many bytes is left out: a bound on what a hostile tokenizer.json
  // can make of a text.
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  std::string bytes;
  // Per byte of `bytes`: the position in the original text of the character it stands for. Bytes of
  // one character share it; it never decreases along the text.
  std::vector<std::uint32_t> origin;

  std::size_t size() const { return bytes.size(); }

  void clear() {
    bytes.clear();
    origin.clear();
  }

  void append(std::string_view text, std::uint32_t from) {
    if (text.size() > limit - bytes.size()) return;
    bytes.append(text);
    origin.insert(origin.end(), text.size(), from);
  }

  // Appends [begin, end) of another text with its origins.
  void append(const MappedText& text, std::size_t begin, std::size_t end) {
    if (end - begin > limit - bytes.size()) return;
    bytes.append(text.bytes, begin, end - begin);
    origin.insert(origin.end(), text.origin.begin() + static_cast<std::ptrdiff_t>(begin),
                  text.origin.begin() + static_cast<std::ptrdiff_t>(end));
  }
};

struct Character {
  char32_t code_point;
  std::uint32_t length;  // in bytes
};

// The character at `at` of valid UTF-8; unlike utf8::decode it checks nothing.
inline Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const auto tail = [&](std::size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | tail(1), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3};
  return {(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

// Rewrites a text character by character. f(code_point, replacement) returns false to keep the
// character; else it has put into `replacement`, which comes empty, what stands in its place.
template <class F>
void rewrite_characters(MappedText& text, MappedText& spare, F&& f) {
  const std::string_view in = text.bytes;
  std::string replacement;  // a few characters: it never leaves its inline buffer
  std::size_t kept = 0;     // [kept, at) goes over as it is
  spare.clear();
  for (std::size_t at = 0; at < in.size();) {
    const Character c = character_at(in, at);
    if (f(c.code_point, replacement)) {
      spare.append(text, kept, at);
      spare.append(replacement, text.origin[at]);
      replacement.clear();
      kept = at + c.length;
    }
    at += c.length;
  }
  if (kept == 0) return;
  spare.append(text, kept, in.size());
  std::swap(text, spare);
}

}  // namespace podium::text
