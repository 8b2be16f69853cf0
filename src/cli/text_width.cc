#include "cli/text_width.h"

#include <clocale>
#include <cwchar>

#include "base/utf8.h"

namespace podium::cli {

namespace {

// wcwidth() answers for the calling thread's locale, and the C library carries the Unicode table:
// borrow it for the length of one call, whatever the user's own locale is.
class UnicodeLocale {
 public:
  UnicodeLocale() : previous_(::uselocale(unicode())) {}
  ~UnicodeLocale() { ::uselocale(previous_); }
  UnicodeLocale(const UnicodeLocale&) = delete;
  UnicodeLocale& operator=(const UnicodeLocale&) = delete;

 private:
  static locale_t unicode() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;  // null where the system has none: uselocale() then changes nothing
  }
  locale_t previous_;
};

bool is_between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

std::size_t cells(char32_t c) {
  if (c < 0x7F) return 1;
  if (is_between(c, 0x200B, 0x200F) || is_between(c, 0xFE00, 0xFE0F) || c == 0xFEFF) return 0;
  const int width = ::wcwidth(static_cast<wchar_t>(c));
  return width < 0 ? 1 : static_cast<std::size_t>(width);  // unassigned: a box of one cell
}

bool is_white_space(char32_t c) { return c == ' ' || is_between(c, '\t', '\r') || c == 0x85; }

bool rewrites_terminal(char32_t c) {
  return c < 0x20 || is_between(c, 0x7F, 0x9F) || is_between(c, 0x202A, 0x202E) ||
         is_between(c, 0x2066, 0x2069);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const UnicodeLocale locale;
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = utf8::decode(text, at);
    width += cells(c.code_point);
    at += c.length;
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  const UnicodeLocale locale;
  std::string out;
  std::size_t used = 0;
  std::size_t room_for_ellipsis = 0;  // bytes of `out` that leave one cell free
  bool space = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = utf8::decode(text, at);
    at += c.length;
    if (is_white_space(c.code_point)) {
      space = !out.empty();
      continue;
    }
    const char32_t shown = rewrites_terminal(c.code_point) ? U'\uFFFD' : c.code_point;
    const std::size_t needed = cells(shown) + (space ? 1 : 0);
    if (used + needed > width) {
      out.resize(room_for_ellipsis);
      return width == 0 ? out : out + "…";
    }
    if (space) out += ' ';
    space = false;
    utf8::append(out, shown);
    used += needed;
    if (used < width) room_for_ellipsis = out.size();
  }
  return out;
}

}  // namespace podium::cli
