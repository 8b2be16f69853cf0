// What Unicode says about characters: the utf8proc door, nobody else includes utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace podium::text {

// The White_Space property.
bool is_whitespace(char32_t c);

// What a regular expression calls \w: letters, marks, decimal digits, connectors, joiners (UTS 18).
bool is_word(char32_t c);

// What a regular expression calls \p{L}.
bool is_letter(char32_t c);

// General categories, as the tables behind Hugging Face's `tokenizers` have them (unicode_ages.cc).
bool is_control(char32_t c);          // Cc, Cf and Co
bool is_punctuation(char32_t c);      // P*, and all of ASCII that is no letter, digit or space
bool is_nonspacing_mark(char32_t c);  // Mn
bool is_mark(char32_t c);             // M*
bool is_number(char32_t c);           // N*

// Whether a character of category C*, Mn or P* is missing from Unicode 8; of category M* from 9.
bool is_newer_than_unicode_8(char32_t c);
bool is_mark_newer_than_unicode_9(char32_t c);

// Simple lower case mapping (U+0130, whose full mapping has two characters, becomes "i").
char32_t to_lower(char32_t c);

// Canonical or compatibility decomposition into `out`; the number of characters, at least 1.
constexpr std::size_t kLongestDecomposition = 18;
std::size_t decompose(char32_t c, bool compatibility,
                      std::span<char32_t, kLongestDecomposition> out);

// The canonical composition of two characters, if there is one.
std::optional<char32_t> compose(char32_t first, char32_t second);

// Canonical_Combining_Class, 0 for what others attach to.
std::uint8_t combining_class(char32_t c);

// Whether an extended grapheme cluster ends between two neighbours (UAX 29). `state` starts at 0
// with each cluster and belongs to this function.
bool breaks_between(char32_t left, char32_t right, std::int32_t& state);

// Grapheme_Cluster_Break is Other, which joins nothing but what extends it.
bool is_ordinary_base(char32_t c);

// Whether `c` joins an ordinary base before it: Extend, ZWJ or SpacingMark.
bool extends_cluster(char32_t c);

}  // namespace podium::text
