// Finding the parts of JSON text without parsing it, so that a large array is read one element at a
// time, every element keeps its original spelling, and an error can say which element is at fault.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace podium::json {

std::string_view trim(std::string_view text);  // of JSON's white space: space, tab, LF, CR

// Whether the quote that opens the text closes at its very end ("a\"b", but not "a" and "b").
bool is_quoted(std::string_view text);

struct ArraySlices {
  enum class End { closed, unclosed, text_after };
  std::vector<std::string_view> elements;  // trimmed, not yet known to be valid JSON
  End end = End::unclosed;
  std::size_t end_at = 0;  // where the text after the array starts
};

// Cuts an array, whose `[` must be the first byte that is not white space, at its commas. The array
// is valid JSON exactly if it is closed and every element is.
ArraySlices slice_array(std::string_view text);

// The value of an object's first member of that name, as written and trimmed. `object` is valid
// JSON that opens with '{'. A name written with escapes is not found.
std::optional<std::string_view> slice_member(std::string_view object, std::string_view key);

// The escape of a surrogate without its other half ("\ud800"), which no UTF-8 text can hold.
std::optional<std::string_view> find_lone_surrogate(std::string_view json);

// Reads the inside of a valid JSON string (what is between its quotes): appends its text to `out`
// until that has grown by `most` bytes or a few more, and takes what was read off `inside`. Parts
// may end inside a character.
void unescape(std::string_view& inside, std::size_t most, std::string& out);

// Valid JSON without the white space around its tokens, and so on one line.
std::string compact(std::string_view json);

}  // namespace podium::json
