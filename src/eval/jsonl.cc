#include "eval/jsonl.h"

#include <algorithm>

#include "eval/gzip.h"

namespace podium::eval {

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) lines.push_back({line, number});
  }
  return lines;
}

tl::unexpected<Error> malformed_line(const std::filesystem::path& file, std::size_t line,
                                     std::string_view what) {
  return fail(ErrorCode::malformed, fmt::format("{}, line {}: {}", file.string(), line, what));
}

Result<std::string_view> Row::text(std::string_view key) const {
  const auto member = value.find(key);
  const auto string = member ? member->as_string() : std::nullopt;
  if (!string) return malformed(fmt::format("there is no string \"{}\"", key));
  return *string;
}

Result<std::string_view> Row::id() const {
  PODIUM_TRY(const std::string_view id, text(value.find("id") ? "id" : "_id"));
  if (id.empty()) return malformed("the id is empty");
  return id;
}

Result<void> read_jsonl(const std::filesystem::path& file,
                        const std::function<Result<void>(const Row&)>& visit) {
  PODIUM_TRY(const std::string text, read_plain_or_gzip(file));
  for (const Line& line : lines_of(text)) {
    PODIUM_TRY(
        const json::Document document,
        json::Document::parse(line.text, fmt::format("{}, line {}", file.string(), line.number)));
    if (!document.root().is_object()) {
      return malformed_line(file, line.number, "this is no JSON object");
    }
    PODIUM_CHECK(visit(Row{file, line.number, document.root()}));
  }
  return {};
}

}  // namespace podium::eval
