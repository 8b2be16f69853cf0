#include "text/unicode.h"

#include <utf8proc.h>

#include <array>

namespace podium::text {

namespace {

const utf8proc_property_t& property(char32_t c) {
  return *utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
}

}  // namespace

bool is_whitespace(char32_t c) {
  return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word(char32_t c) {
  switch (property(c).category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    // Symbols that are alphabetic: circled and squared letters.
    case UTF8PROC_CATEGORY_SO:
      return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
             (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
    default: return c == 0x200C || c == 0x200D;
  }
}

bool is_letter(char32_t c) {
  const auto category = property(c).category;
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_control(char32_t c) {
  switch (property(c).category) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO: return !is_newer_than_unicode_8(c);
    default: return false;
  }
}

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z');
  const auto category = property(c).category;
  if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) {
    return !is_newer_than_unicode_8(c);
  }
  return c == 0x166D || c == 0x111C9;  // reclassified since
}

bool is_nonspacing_mark(char32_t c) {
  if (property(c).category == UTF8PROC_CATEGORY_MN) return !is_newer_than_unicode_8(c);
  return c == 0x1734;  // reclassified since
}

bool is_mark(char32_t c) {
  const auto category = property(c).category;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) {
    return !is_mark_newer_than_unicode_9(c);
  }
  return c == 0x1CF2 || c == 0x1CF3;  // reclassified since
}

bool is_number(char32_t c) {
  const auto category = property(c).category;
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

char32_t to_lower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

std::size_t decompose(char32_t c, bool compatibility,
                      std::span<char32_t, kLongestDecomposition> out) {
  std::array<utf8proc_int32_t, kLongestDecomposition> parts;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0));
  int boundclass = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(), options, &boundclass);
  if (count < 1 || count > static_cast<utf8proc_ssize_t>(out.size())) {
    out[0] = c;
    return 1;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    out[i] = static_cast<char32_t>(parts[i]);
  return static_cast<std::size_t>(count);
}

std::optional<char32_t> compose(char32_t first, char32_t second) {
  std::array<utf8proc_int32_t, 3> pair = {static_cast<utf8proc_int32_t>(first),
                                          static_cast<utf8proc_int32_t>(second), 0};
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  if (utf8proc_normalize_utf32(pair.data(), 2, kOptions) != 1) return std::nullopt;
  return static_cast<char32_t>(pair[0]);
}

std::uint8_t combining_class(char32_t c) {
  return static_cast<std::uint8_t>(property(c).combining_class);
}

bool breaks_between(char32_t left, char32_t right, std::int32_t& state) {
  return utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(left),
                                          static_cast<utf8proc_int32_t>(right), &state) != 0;
}

bool is_ordinary_base(char32_t c) { return property(c).boundclass == UTF8PROC_BOUNDCLASS_OTHER; }

bool extends_cluster(char32_t c) {
  const auto boundclass = property(c).boundclass;
  return boundclass == UTF8PROC_BOUNDCLASS_EXTEND || boundclass == UTF8PROC_BOUNDCLASS_ZWJ ||
         boundclass == UTF8PROC_BOUNDCLASS_SPACINGMARK;
}

}  // namespace podium::text
