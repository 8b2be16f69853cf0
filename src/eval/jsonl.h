// JSONL files as rows that know where they stand, so that every error names file and line.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace podium::eval {

// A line that is not blank, without its end.
struct Line {
  std::string_view text;
  std::size_t number = 0;  // from 1
};
std::vector<Line> lines_of(std::string_view text);

// "FILE, line 3: WHAT" as an error.
tl::unexpected<Error> malformed_line(const std::filesystem::path& file, std::size_t line,
                                     std::string_view what);

struct Row {
  const std::filesystem::path& file;
  std::size_t line;
  json::Value value;  // an object

  tl::unexpected<Error> malformed(std::string_view what) const {
    return malformed_line(file, line, what);
  }
  // The string under `key`, which must be there.
  Result<std::string_view> text(std::string_view key) const;
  // "id", or "_id" as BEIR has it; not empty.
  Result<std::string_view> id() const;
};

// Calls `visit` for each row of a plain or gzip file until one fails.
Result<void> read_jsonl(const std::filesystem::path& file,
                        const std::function<Result<void>(const Row&)>& visit);

}  // namespace podium::eval
