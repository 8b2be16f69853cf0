// How many terminal cells a text takes, and texts made to fit: East Asian wide characters and emoji
// take two cells, combining and format characters none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace podium::cli {

std::size_t display_width(std::string_view text);

// The text on one line of at most `width` cells, ending in … where something was cut. Runs of white
// space become one space; control characters and direction overrides, which could rewrite the
// terminal, become U+FFFD. Reads no more of the text than it shows.
std::string fit(std::string_view text, std::size_t width);

}  // namespace podium::cli
