// A YAML file as it is written, cut into blocks: its documents (between "---"), else the elements
// of its list, else its top-level members.
#include <utility>

#include "documents/format.h"

namespace podium::documents {

namespace {

bool is_separator(std::string_view line) {
  return line == "---" || line == "..." || line.starts_with("--- ") || line.starts_with("--- #");
}

// A line that opens a new element or member: not indented, no comment, no closing bracket.
bool opens_block(std::string_view line) {
  return std::string_view(" \t#]})").find(line[0]) == std::string_view::npos;
}

}  // namespace

Result<void> read_yaml(const Source& source, Documents& documents) {
  std::size_t separators = 0;
  bool in_block = false;
  for_each_line(source.text, [&](std::string_view line, std::size_t) {
    in_block = in_block || !is_separator(line);
    separators += in_block && is_separator(line) ? 1 : 0;  // one at the top separates nothing
    return true;
  });
  const char* begin = nullptr;    // of the block, none before its first line
  const char* comment = nullptr;  // begins what may belong to the next block
  const char* end = nullptr;      // of the block without that
  const char* behind = nullptr;   // the line before
  bool only_comments = true;
  bool list = false;
  const auto finish = [&](const char* stop) {
    if (begin != nullptr) {
      documents.written.emplace_back(begin, static_cast<std::size_t>(stop - begin));
    }
    begin = comment = nullptr;
    only_comments = true;
  };
  for_each_line(source.text, [&](std::string_view line, std::size_t) {
    const char* const before = std::exchange(behind, line.data() + line.size());
    if (is_separator(line)) {
      finish(before);
      return true;
    }
    const bool is_comment = line[0] == '#';
    if (is_comment && !only_comments) {
      if (comment == nullptr) comment = line.data();
      return true;
    }
    if (only_comments && !is_comment) list = line[0] == '-';
    if (separators == 0 && !only_comments && opens_block(line) && list == (line[0] == '-')) {
      const char* const next = comment == nullptr ? line.data() : comment;
      finish(end);
      begin = next;
    }
    if (begin == nullptr) begin = line.data();
    comment = nullptr;
    only_comments = only_comments && is_comment;
    end = behind;
    source.strides.take(line.size());
    return true;
  });
  finish(behind);
  return {};
}

}  // namespace podium::documents
