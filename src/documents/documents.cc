#include "documents/documents.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/json_slices.h"
#include "base/utf8.h"

namespace podium::documents {

namespace {

using json::ArraySlices;
using json::compact;
using json::find_lone_surrogate;
using json::is_quoted;
using json::slice_array;
using json::trim;

constexpr std::string_view kJsonHint =
    "A document is a JSON string or an object with a \"text\" string, in JSONL one on each line; "
    "--input lines reads every line as plain text.";

std::size_t line_number(std::string_view input, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(input.data(), input.data() + at, '\n'));
}

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

Result<void> check_utf8(std::string_view input, std::string_view source) {
  if (input.starts_with("\xFF\xFE") || input.starts_with("\xFE\xFF")) {
    return fail(ErrorCode::malformed, fmt::format("{} is UTF-16, not UTF-8", source),
                "Convert it first: iconv -f UTF-16 -t UTF-8");
  }
  const auto bad = utf8::find_invalid(input);
  if (!bad) return {};
  const std::size_t before = input.substr(0, *bad).rfind('\n');
  const std::size_t line_start = before == std::string_view::npos ? 0 : before + 1;
  return fail(ErrorCode::malformed,
              fmt::format("{}: line {} is not valid UTF-8 at byte {} (0x{:02X})", source,
                          line_number(input, *bad), *bad - line_start + 1,
                          static_cast<unsigned>(static_cast<unsigned char>(input[*bad]))),
              "Documents are UTF-8 text; convert other encodings with iconv.");
}

bool parses(std::string_view json) {
  return !json.empty() && json::Document::parse(json, "").has_value();
}

// A string in double quotes from end to end, its escapes good or bad, or an object.
bool is_json_document(std::string_view line) {
  const std::string_view value = trim(line);
  return is_quoted(value) || (value.starts_with('{') && parses(value));
}

bool is_json_array(std::string_view input) {
  const ArraySlices slices = slice_array(input);
  return slices.end == ArraySlices::End::closed &&
         std::ranges::all_of(slices.elements, [](std::string_view slice) { return parses(slice); });
}

InputFormat detect(std::string_view input) {
  const std::string_view text = trim(input);
  const std::string_view rest = trim(text.substr(std::min<std::size_t>(1, text.size())));
  if (text.starts_with('[')) {
    if (rest.starts_with('"') || rest.starts_with('{')) return InputFormat::json;
    return is_json_array(text) ? InputFormat::json : InputFormat::lines;
  }
  if (text.starts_with('{') && rest.starts_with('"')) return InputFormat::jsonl;
  InputFormat format = InputFormat::lines;
  for_each_line(text, [&](std::string_view line, std::size_t) {
    if (is_json_document(line)) format = InputFormat::jsonl;
    return false;
  });
  return format;
}

// The text of a JSON document; `where` opens every error.
Result<std::string> text_of(std::string_view slice, const std::string& where) {
  const auto malformed = [&](std::string_view problem) {
    return fail(ErrorCode::malformed, fmt::format("{} {}", where, problem), std::string(kJsonHint));
  };
  if (slice.empty()) return malformed("is empty");
  const auto parsed = json::Document::parse(slice, where);
  if (!parsed) {
    const auto surrogate = find_lone_surrogate(slice);
    if (!surrogate)
      return fail(ErrorCode::malformed, parsed.error().message, std::string(kJsonHint));
    return malformed(
        fmt::format("escapes half a character: the surrogate {} is alone", *surrogate));
  }
  const json::Value root = parsed->root();
  if (const auto text = root.as_string()) return std::string(*text);
  if (!root.is_object())
    return malformed(fmt::format("is {}, not text", json::type_name(root.type())));
  std::optional<json::Value> text;
  std::size_t found = 0;
  root.for_each_member([&](std::string_view key, json::Value value) {
    if (key == "text") text = value, ++found;
    return true;
  });
  if (found == 0) return malformed("has no \"text\"");
  if (found > 1) return malformed("has more than one \"text\"");
  if (const auto string = text->as_string()) return std::string(*string);
  return malformed(
      fmt::format("has a \"text\" that is {}, not a string", json::type_name(text->type())));
}

Result<void> add_json(Documents& documents, std::string_view slice, const std::string& where) {
  PODIUM_TRY(std::string text, text_of(slice, where));
  documents.texts.push_back(documents.unescaped.emplace_back(std::move(text)));
  documents.originals.push_back(slice);
  return {};
}

Result<void> read_jsonl(Documents& documents, std::string_view input, std::string_view source) {
  Result<void> outcome;
  for_each_line(input, [&](std::string_view line, std::size_t number) {
    outcome = add_json(documents, trim(line), fmt::format("{}: line {}", source, number));
    return outcome.has_value();
  });
  return outcome;
}

Result<void> read_array(Documents& documents, std::string_view input, std::string_view source) {
  const auto malformed = [&](std::string problem) {
    return fail(ErrorCode::malformed, fmt::format("{}: {}", source, problem),
                std::string(kJsonHint));
  };
  if (!trim(input).starts_with('[')) return malformed("is no JSON array");
  const ArraySlices slices = slice_array(input);
  std::size_t line = 1;
  const char* counted = input.data();
  for (std::size_t i = 0; i < slices.elements.size(); ++i) {
    const std::string_view slice = slices.elements[i];
    if (!slice.empty()) {
      line += static_cast<std::size_t>(std::count(counted, slice.data(), '\n'));
      counted = slice.data();
    }
    PODIUM_CHECK(
        add_json(documents, slice, fmt::format("{}: element {} (line {})", source, i + 1, line)));
  }
  if (slices.end == ArraySlices::End::unclosed) return malformed("the JSON array is never closed");
  if (slices.end == ArraySlices::End::text_after) {
    return malformed(fmt::format("there is more text after the JSON array, on line {}",
                                 line_number(input, slices.end_at)));
  }
  return {};
}

}  // namespace

std::string Documents::json(std::size_t index) const {
  if (!originals.empty()) return compact(originals[index]);
  std::string out;
  json::Writer(out).value(texts[index]);
  return out;
}

std::optional<std::string> Documents::id(std::size_t index) const {
  if (originals.empty()) return std::nullopt;
  const auto parsed = json::Document::parse(originals[index], "document");
  if (!parsed) return std::nullopt;
  const auto id = parsed->root().find("id");
  if (!id) return std::nullopt;
  if (const auto text = id->as_string()) return std::string(*text);
  if (id->type() == json::Value::Type::number) return id->to_text();
  return std::nullopt;
}

Result<Documents> parse_documents(std::string_view input, std::string_view source,
                                  InputFormat format) {
  PODIUM_CHECK(check_utf8(input, source));
  if (input.starts_with("\xEF\xBB\xBF")) input.remove_prefix(3);
  Documents documents;
  documents.format = format == InputFormat::automatic ? detect(input) : format;
  switch (documents.format) {
    case InputFormat::json: PODIUM_CHECK(read_array(documents, input, source)); break;
    case InputFormat::jsonl: PODIUM_CHECK(read_jsonl(documents, input, source)); break;
    default:
      for_each_line(input, [&](std::string_view line, std::size_t) {
        documents.texts.push_back(line);
        return true;
      });
  }
  if (!documents.texts.empty()) return documents;
  return fail(ErrorCode::invalid_argument, fmt::format("{} holds no documents", source),
              "Give one document a line, JSONL, or a JSON array; blank lines are skipped.");
}

}  // namespace podium::documents
