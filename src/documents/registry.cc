// Every format documents come in. An input of no known extension is told from its content.
#include <algorithm>
#include <array>

#include "documents/format.h"

namespace podium::documents {

std::span<const Format> formats() {
  static const auto table = std::to_array<Format>({
      {InputFormat::lines, "lines", "", false, read_lines},
      {InputFormat::jsonl, "jsonl", "", true, read_jsonl},
      {InputFormat::json, "json", "", true, read_json_array},
      {InputFormat::csv, "csv", " .csv .tsv ", true, read_csv},
      {InputFormat::yaml, "yaml", " .yaml .yml ", false, read_yaml},
      {InputFormat::code, "code", code_extensions(), false, read_code},
      {InputFormat::sql, "sql", " .sql .ddl ", false, read_sql},
      {InputFormat::sqlite, "sqlite", "", false, read_sqlite},
      {InputFormat::tools, "tools", "", false, read_tools},
  });
  return table;
}

std::string extension_of(std::string_view path) {
  const auto dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] == '/') return {};
  std::string extension(path.substr(dot));
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return extension;
}

bool is_listed(std::string_view extension, std::string_view list) {
  if (extension.empty() || extension.find(' ') != std::string_view::npos) return false;
  return list.find(fmt::format(" {} ", extension)) != std::string_view::npos;
}

}  // namespace podium::documents
