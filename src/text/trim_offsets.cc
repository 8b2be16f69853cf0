#include "text/trim_offsets.h"

#include "base/utf8.h"
#include "text/mapped_text.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

constexpr char32_t kByteLevelSpace = 0x120;

// How many of the characters at a piece's ends are spaces.
struct Margins {
  std::size_t left = 0;
  std::size_t right = 0;
};

Margins margins_of(std::string_view piece) {
  Margins out;
  bool leading = true;
  for (std::size_t at = 0; at < piece.size();) {
    const Character c = character_at(piece, at);
    const bool space = c.code_point == kByteLevelSpace || is_whitespace(c.code_point);
    leading = leading && space;
    out.left += leading ? 1 : 0;
    out.right = space ? out.right + 1 : 0;
    at += c.length;
  }
  return out;
}

bool inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Offset trim_spaces(std::string_view piece, std::string_view text, Offset offset, bool keep_single) {
  Margins margins = margins_of(piece);
  if (keep_single && margins.left == 1) margins.left = 0;
  for (; margins.left > 0 && offset.begin < offset.end; --margins.left) {
    offset.begin += utf8::decode(text, offset.begin).length;
  }
  for (; margins.right > 0 && offset.begin < offset.end; --margins.right) {
    --offset.end;
    while (offset.begin < offset.end && inside_character(text[offset.end])) --offset.end;
  }
  return offset;
}

}  // namespace podium::text
