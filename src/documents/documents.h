// Documents as people hand them to the command line: plain lines, JSONL or one JSON array.
//
// A JSON document is a string or an object whose "text" is a string; the object is kept as written,
// so that whatever else it carries comes back with its score.
//
// How the format is told from the content (InputFormat::automatic):
//   JSON array  if the input opens with `[` and then `"` or `{`, or is as a whole a valid JSON
//   array; JSONL       if it opens with `{` and then `"`, or if its first line that is not blank is
//   a JSON
//               string or object;
//   plain lines otherwise.
// What opens like JSON and is not is therefore an error, never silently a plain line. White space
// between the opening characters does not matter. Blank lines are no documents; a line ends with LF
// or CR LF; a UTF-8 byte order mark at the start is dropped.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace podium::documents {

enum class InputFormat { automatic, lines, jsonl, json };

struct Documents {
  std::vector<std::string_view> texts;      // into the input, or into `unescaped`
  std::vector<std::string_view> originals;  // the JSON as written; no element for plain lines
  std::deque<std::string> unescaped;        // texts whose bytes differ from the input's
  InputFormat format = InputFormat::lines;  // never automatic

  // The document as compact JSON on one line: its text as a string, or the original value.
  std::string json(std::size_t index) const;

  // The "id" of the original object if that is a string or a number.
  std::optional<std::string> id(std::size_t index) const;
};

// Splits `input`, which must outlive the result, into at least one document. `source` names the
// input in errors; they name the line, and the element of an array, too.
Result<Documents> parse_documents(std::string_view input, std::string_view source,
                                  InputFormat format = InputFormat::automatic);

}  // namespace podium::documents
