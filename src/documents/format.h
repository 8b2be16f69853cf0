// How an input is written down: one entry of registry.cc and one file a format. Inside this room.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "documents/documents.h"

namespace podium::documents {

// How much of the input is read before it may be forgotten.
inline constexpr std::size_t kStride = std::size_t{8} << 20;

// Calls `passed` whenever another stride of the input lies behind.
class Strides {
 public:
  explicit Strides(const Passed& passed) : passed_(passed) {}
  void take(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ < kStride) return;
    bytes_ = 0;
    if (passed_) passed_();
  }

 private:
  const Passed& passed_;
  std::size_t bytes_ = 0;
};

struct Source {
  std::string_view text;
  std::string_view name;  // for messages; the path where it is a file
  const ReadOptions& options;
  Strides& strides;  // takes what of the text lies behind
};

struct Format {
  InputFormat format;
  std::string_view name;
  std::string_view extensions;  // of files that are read so: " .csv .tsv "
  bool has_fields;              // documents are objects, of which --fields picks members
  Result<void> (*read)(const Source& source, Documents& documents);
};

std::span<const Format> formats();

Result<void> read_lines(const Source& source, Documents& documents);
Result<void> read_jsonl(const Source& source, Documents& documents);
Result<void> read_json_array(const Source& source, Documents& documents);
Result<void> read_csv(const Source& source, Documents& documents);
Result<void> read_yaml(const Source& source, Documents& documents);
Result<void> read_code(const Source& source, Documents& documents);
Result<void> read_sql(const Source& source, Documents& documents);
Result<void> read_sqlite(const Source& source, Documents& documents);
Result<void> read_tools(const Source& source, Documents& documents);

// Extensions of the languages that read_code knows, in the shape of Format::extensions.
std::string_view code_extensions();

// ".py" of "a/B.PY"; empty without one.
std::string extension_of(std::string_view path);

// Whether `extension` is in a list such as " .csv .tsv ".
bool is_listed(std::string_view extension, std::string_view list);

// Calls f(line, number) for each line that is not blank, without its end, until f returns false.
template <class F>
void for_each_line(std::string_view input, F&& f) {
  std::size_t number = 0;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r\v\f") == std::string_view::npos) continue;
    if (!f(line, number)) return;
  }
}

std::size_t line_number(std::string_view input, std::size_t at);  // of the byte at `at`, from 1

// The text of a JSON document: a string, the named fields of an object or its "text", and if it has
// none all of it if `whole` allows. `where` opens every error.
Result<std::string> text_of_json(std::string_view json, const std::string& where,
                                 const ReadOptions& options, bool whole);

// The same, of JSON for which it is known to succeed.
Documents::Render text_renderer(const ReadOptions& options, bool whole);

// Adds a document that is a part of a file and has a name there.
void add_part(Documents& documents, std::string name, std::string_view text);

}  // namespace podium::documents
