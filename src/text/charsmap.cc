#include "text/charsmap.h"

#include <array>

#include "base/utf8.h"

namespace podium::text {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 §4, with its padding; nothing if the text is something else.
std::optional<std::string> decode_base64(std::string_view text) {
  std::array<int, 256> digits;
  digits.fill(-1);
  for (std::size_t i = 0; i < kBase64.size(); ++i) {
    digits[static_cast<unsigned char>(kBase64[i])] = static_cast<int>(i);
  }
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = digits[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The fields of a Darts-clone unit.
std::uint32_t offset_of(std::uint32_t unit) { return (unit >> 10) << ((unit & (1U << 9)) >> 6); }
std::uint32_t label_of(std::uint32_t unit) { return unit & (1U << 31 | 0xFF); }
bool has_leaf(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & ~(1U << 31); }

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view base64) {
  const auto bad = [](std::string_view problem) {
    return fail(ErrorCode::malformed, fmt::format("tokenizer.json: the charsmap {}", problem));
  };
  const auto blob = decode_base64(base64);
  if (!blob) return bad("is not base64");
  if (blob->size() < 4) return bad("is too short");
  const std::size_t trie_bytes = read_u32(*blob, 0);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > blob->size() - 4) {
    return bad(fmt::format("of {} bytes cannot hold a trie of {} bytes", blob->size(), trie_bytes));
  }
  Charsmap out;
  for (std::size_t at = 4; at < 4 + trie_bytes; at += 4) out.units_.push_back(read_u32(*blob, at));
  out.replacements_ = blob->substr(4 + trie_bytes);
  if (!utf8::is_valid(out.replacements_)) return bad("has replacements that are not UTF-8");
  return out;
}

// Positions are checked on the way, since the units come from a file; a walk that leaves the trie
// matches nothing.
std::optional<std::string_view> Charsmap::replacement(std::string_view text) const {
  std::size_t node = offset_of(units_[0]);
  for (const char c : text) {
    if (c == '\0') break;  // ends a key in this format
    const auto byte = static_cast<unsigned char>(c);
    node ^= byte;
    if (node >= units_.size() || label_of(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (node >= units_.size()) break;
    const std::size_t begin = value_of(units_[node]);
    if (begin >= replacements_.size()) break;
    if ((static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80) break;
    return std::string_view(replacements_).substr(begin, replacements_.find('\0', begin) - begin);
  }
  return std::nullopt;
}

std::size_t Charsmap::memory_bytes() const {
  return units_.capacity() * sizeof(units_[0]) + replacements_.capacity();
}

}  // namespace podium::text
