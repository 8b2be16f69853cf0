#include "base/utf8.h"

#include <algorithm>

namespace podium::utf8 {

namespace {

bool is_continuation(std::string_view text, std::size_t at, unsigned char low = 0x80,
                     unsigned char high = 0xBF) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= low && byte <= high;
}

constexpr Decoded ill_formed(std::uint32_t length) { return {0xFFFD, length, false}; }

}  // namespace

// The ranges of the second byte follow Unicode 15, table 3-7: they exclude overlong forms,
// surrogates and values above U+10FFFF.
Decoded decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  if (lead >= 0xC2 && lead <= 0xDF) {
    if (!is_continuation(text, at + 1)) return ill_formed(1);
    return {static_cast<char32_t>((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2, true};
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    if (!is_continuation(text, at + 1, low, high)) return ill_formed(1);
    if (!is_continuation(text, at + 2)) return ill_formed(2);
    return {static_cast<char32_t>((lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)),
            3, true};
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    if (!is_continuation(text, at + 1, low, high)) return ill_formed(1);
    if (!is_continuation(text, at + 2)) return ill_formed(2);
    if (!is_continuation(text, at + 3)) return ill_formed(3);
    return {static_cast<char32_t>((lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 |
                                  (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F)),
            4, true};
  }
  return ill_formed(1);
}

void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::optional<std::size_t> find_invalid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = decode(text, at);
    if (!c.valid) return at;
    at += c.length;
  }
  return std::nullopt;
}

bool is_valid(std::string_view text) { return !find_invalid(text); }

std::size_t incomplete_tail(std::string_view text) {
  for (std::size_t tail = 1; tail <= 3 && tail <= text.size(); ++tail) {
    const auto byte = static_cast<unsigned char>(text[text.size() - tail]);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;
    const std::size_t length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length > tail ? tail : 0;
  }
  return 0;
}

std::string repair(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = decode(text, at);
    append(out, c.code_point);
    at += c.length;
  }
  return out;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string_view slice(std::string_view text, std::size_t begin, std::size_t end) {
  const auto skip = [&](std::size_t at, std::size_t characters) {
    for (; characters > 0 && at < text.size(); --characters) at += decode(text, at).length;
    return at;
  };
  const std::size_t first = skip(0, begin);
  return text.substr(first, skip(first, end - std::min(begin, end)) - first);
}

}  // namespace podium::utf8
