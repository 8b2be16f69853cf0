// What Unicode says about characters: the utf8proc door, nobody else includes utf8proc.
#pragma once

#include <cstdint>

namespace podium::text {

// The White_Space property.
bool is_whitespace(char32_t c);

// What a regular expression calls \w: letters, marks, decimal digits, connectors, joiners (UTS 18).
bool is_word(char32_t c);

// Whether an extended grapheme cluster ends between two neighbours (UAX 29). `state` starts at 0
// with each cluster and belongs to this function.
bool breaks_between(char32_t left, char32_t right, std::int32_t& state);

// Grapheme_Cluster_Break is Other, which joins nothing but what extends it.
bool is_ordinary_base(char32_t c);

// Whether `c` joins an ordinary base before it: Extend, ZWJ or SpacingMark.
bool extends_cluster(char32_t c);

}  // namespace podium::text
