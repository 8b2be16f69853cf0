// Where a source file is cut: before and after its functions. Inside this room.
//
// Each function returns the offsets at which pieces begin, the first of them 0. The pieces are the
// whole file. A comment directly above a function belongs to it. The scanners know strings and
// comments, not the grammar: what they misread is cut elsewhere, never lost.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace podium::documents {

// How a language with braces writes what may hold a brace that is none.
struct BraceSyntax {
  bool hash_comments = false;     // # to the end of the line
  bool quotes_are_chars = true;   // 'x' is one character, and a lone ' is none (lifetimes, digits)
  bool templates = false;         // `…`
  bool regex = false;             // /…/
  bool preprocessor = false;      // lines of #
  bool class_parameters = false;  // class Point(val x: Int) { … } is a class, not a function
};

std::vector<std::size_t> cut_braces(std::string_view text, const BraceSyntax& syntax);

// Python: "def" and "class" with their decorators; a class is cut into its methods.
std::vector<std::size_t> cut_indented(std::string_view text);

// Ruby, Lua, shell and others whose functions open with a word at the start of a line.
std::vector<std::size_t> cut_keywords(std::string_view text, std::string_view words,
                                      std::string_view comment);

}  // namespace podium::documents
