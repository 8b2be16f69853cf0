// The regular expressions with which byte-level tokenizers cut text into words, as hand-written
// scanners: linear time, and no look-ahead engine.
#pragma once

#include <optional>
#include <string_view>

#include "text/parts.h"

namespace podium::text {

// What sets the published patterns apart.
struct WordPattern {
  bool any_case;    // contractions ('s, 'LL) in upper case too
  bool any_prefix;  // a word takes the character before it along, whatever it is; else a space
  int digits;       // that a number has at most; 0: any, and a space in front
  bool newlines;    // line ends go with punctuation before them, or are pieces of their own
};

// The scanner of a regular expression; nothing for those that Podium does not know.
std::optional<WordPattern> find_word_pattern(std::string_view regex);

// Cuts every piece into the pattern's matches, which leave nothing out.
void split_words(const WordPattern& pattern, Pieces& pieces, Pieces& spare);

// The same with the pattern of GPT-2.
void split_gpt2(Pieces& pieces, Pieces& spare);

}  // namespace podium::text
