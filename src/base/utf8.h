// UTF-8: validity, repair and counting. Positions are bytes unless a name says characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podium::utf8 {

// One decoded character: its code point and its length in bytes. Where the bytes are not UTF-8 the
// code point is U+FFFD and the length that of the maximal ill-formed subpart (Unicode 15, §3.9,
// table 3-8), which is also what Python's errors="replace" does.
struct Decoded {
  char32_t code_point;
  std::uint32_t length;
  bool valid;
};

// Decodes the character at `text[at]`; `at` must be less than text.size().
Decoded decode(std::string_view text, std::size_t at);

// Appends the UTF-8 of a scalar value (U+0000..U+10FFFF without surrogates).
void append(std::string& out, char32_t code_point);

bool is_valid(std::string_view text);

// The position of the first byte that is not part of a valid character; nothing if all are.
std::optional<std::size_t> find_invalid(std::string_view text);

// The bytes at the end that begin a character whose rest is missing: 0 to 3.
std::size_t incomplete_tail(std::string_view text);

// The text with every ill-formed subpart replaced by U+FFFD.
std::string repair(std::string_view text);

// The number of characters in valid UTF-8.
std::size_t count_characters(std::string_view text);

// Characters [begin, end) of valid UTF-8; what is beyond its end is left out.
std::string_view slice(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace podium::utf8
