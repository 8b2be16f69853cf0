// Aligned columns for people to read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace podium::cli {

struct Terminal {
  std::size_t width = 100;  // cells in a line; 0 is without end
  bool colour = false;
};

// What standard output is: COLUMNS, else the terminal's own width, else 100. Colours only on a
// terminal, and not if NO_COLOR is set.
Terminal standard_output();

// The text in an ANSI style ("1" bold, "2" faint, "36" cyan), or as it is without colours.
std::string styled(const Terminal& terminal, std::string_view style, std::string_view text);

class Table {
 public:
  struct Column {
    std::string_view title;
    bool right = false;      // numbers stand on the right of their column
    std::size_t widest = 0;  // cells above this are cut; 0 is no limit
    std::string_view style = {};
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add_row(std::vector<std::string> cells);  // as many as columns

  // Every line fits the terminal: the last column is cut to what the others leave. Titles are left
  // out if all are empty.
  std::string render(const Terminal& terminal) const;

 private:
  std::vector<std::size_t> widths(std::size_t limit) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace podium::cli
