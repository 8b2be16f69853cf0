#include "documents/documents.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/json_slices.h"
#include "base/utf8.h"
#include "documents/format.h"
#include "documents/tools.h"

namespace podium::documents {

namespace {

using json::ArraySlices;
using json::compact;
using json::is_quoted;
using json::slice_array;
using json::trim;

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::size_t kPartBytes = std::size_t{16} << 10;
constexpr std::size_t kLargestToolList = std::size_t{64} << 20;

std::optional<std::size_t> find_invalid(std::string_view input, const Passed& passed) {
  Strides strides(passed);
  for (std::size_t at = 0; at < input.size();) {
    std::string_view part = input.substr(at, kStride);
    if (part.size() < input.size() - at) part.remove_suffix(utf8::incomplete_tail(part));
    if (const auto bad = utf8::find_invalid(part)) return at + *bad;
    at += part.size();
    strides.take(part.size());
  }
  return std::nullopt;
}

Result<void> check_utf8(std::string_view input, std::string_view source, const Passed& passed) {
  if (input.starts_with("\xFF\xFE") || input.starts_with("\xFE\xFF")) {
    return fail(ErrorCode::malformed, fmt::format("{} is UTF-16, not UTF-8", source),
                "Convert it first: iconv -f UTF-16 -t UTF-8");
  }
  const auto bad = find_invalid(input, passed);
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

// One JSON object, all of the text, that lists tools rather than being a document itself.
bool is_tool_list(std::string_view text) {
  if (text.size() > kLargestToolList) return false;
  const std::size_t end = text.find('\n');
  const bool is_jsonl = end != std::string_view::npos && parses(text.substr(0, end));
  if (is_jsonl) return false;
  const auto parsed = json::Document::parse(text, "");
  return parsed && !parsed->root().find("text") && lists_tools(parsed->root());
}

InputFormat detect(std::string_view input, std::string_view name) {
  if (input.starts_with(kSqliteMagic)) return InputFormat::sqlite;
  const std::string extension = extension_of(name);
  for (const Format& format : formats()) {
    if (is_listed(extension, format.extensions)) return format.format;
  }

  const std::string_view text = trim(input);
  const std::string_view rest = trim(text.substr(std::min<std::size_t>(1, text.size())));
  if (text.starts_with('[')) {
    if (rest.starts_with('"') || rest.starts_with('{')) return InputFormat::json;
    return is_json_array(text) ? InputFormat::json : InputFormat::lines;
  }
  if (text.starts_with('{') && rest.starts_with('"')) {
    return is_tool_list(text) ? InputFormat::tools : InputFormat::jsonl;
  }
  InputFormat format = InputFormat::lines;
  for_each_line(text, [&](std::string_view line, std::size_t) {
    if (is_json_document(line)) format = InputFormat::jsonl;
    return false;
  });
  return format;
}

}  // namespace

std::size_t line_number(std::string_view input, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(input.data(), input.data() + at, '\n'));
}

void add_part(Documents& documents, std::string name, std::string_view text) {
  documents.written.push_back(text);
  documents.names.push_back(std::move(name));
}

std::string Documents::original(std::size_t index) const {
  const std::string_view original = originals[index];
  return render_json ? render_json(original) : std::string(original);
}

std::string Documents::text(std::size_t index, std::size_t most) const {
  std::string_view rest = written[index];
  std::string out;
  if (render_text) {
    out = render_text(original(index)).substr(0, most);
  } else if (!escaped) {
    out = rest.substr(0, most);
  } else {
    json::unescape(rest, most, out);
  }
  out.resize(out.size() - utf8::incomplete_tail(out));
  return out;
}

std::string Documents::characters(std::size_t index, std::size_t begin, std::size_t end) const {
  const bool plain =
      !render_text && (!escaped || written[index].find('\\') == std::string_view::npos);
  if (plain) return std::string(utf8::slice(written[index], begin, end));
  return std::string(utf8::slice(text(index), begin, end));
}

std::string Documents::json(std::size_t index) const {
  if (!originals.empty()) return compact(original(index));
  std::string out;
  json::Writer writer(out);
  if (names.empty()) {
    writer.value(written[index]);
  } else {
    writer.begin_object().key("id").value(names[index]).key("text").value(written[index]);
    writer.end_object();
  }
  return out;
}

std::optional<std::string> Documents::member(std::size_t index, std::string_view name) const {
  if (name == "id" && !names.empty()) return names[index];
  if (originals.empty()) return std::nullopt;
  const std::string object = original(index);
  const auto slice = object.starts_with('{') ? json::slice_member(object, name) : std::nullopt;
  if (!slice) return std::nullopt;
  const auto parsed = json::Document::parse(*slice, "document");
  if (!parsed) return std::nullopt;
  const json::Value value = parsed->root();
  if (const auto text = value.as_string()) return std::string(*text);
  if (value.type() == json::Value::Type::number) return value.to_text();
  return std::nullopt;
}

std::optional<InputFormat> find_format(std::string_view name) {
  if (name == "auto") return InputFormat::automatic;
  for (const Format& format : formats()) {
    if (format.name == name) return format.format;
  }
  return std::nullopt;
}

std::string format_names() {
  std::string names = "auto";
  for (const Format& format : formats()) names.append("|").append(format.name);
  return names;
}

namespace {

Result<void> check_options(const Format& format, std::string_view source,
                           const ReadOptions& options) {
  const bool results = options.content == Content::search_result;
  if (results && !options.fields.empty()) {
    return fail(ErrorCode::invalid_argument, "search results are read by title and snippet",
                "Leave the fields out, or read them as plain documents.");
  }
  if (results && !format.has_fields) {
    return fail(ErrorCode::malformed, fmt::format("{} is not JSON", source),
                "Search results are JSONL or one JSON array of objects.");
  }
  if (options.fields.empty() || format.has_fields) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is read as {}, which has no fields", source, format.name),
              "Fields are the members of JSON objects and the columns of CSV.");
}

}  // namespace

Result<Documents> parse_documents(std::string_view input, std::string_view source,
                                  const ReadOptions& options, const Passed& passed) {
  const std::string_view whole = input;
  if (input.starts_with("\xEF\xBB\xBF")) input.remove_prefix(3);
  Documents documents;
  documents.format =
      options.format == InputFormat::automatic ? detect(input, source) : options.format;
  if (documents.format == InputFormat::sql && input.starts_with(kSqliteMagic)) {
    documents.format = InputFormat::sqlite;
  }
  if (documents.format != InputFormat::sqlite) PODIUM_CHECK(check_utf8(whole, source, passed));
  const Format& format = *std::ranges::find(formats(), documents.format, &Format::format);
  PODIUM_CHECK(check_options(format, source, options));
  Strides strides(passed);
  PODIUM_CHECK(format.read({input, source, options, strides}, documents));
  if (documents.size() > 0) return documents;
  return fail(ErrorCode::invalid_argument, fmt::format("{} holds no documents", source),
              "Give one document a line, JSONL, or a JSON array; blank lines are skipped.");
}

Result<bool> DocumentReader::next() {
  if (read_ >= kStride && passed_) {
    passed_();
    read_ = 0;
  }
  if (begun_ == documents_.size()) return false;
  if (documents_.render_text) rendered_ = documents_.text(begun_);
  rest_ = documents_.render_text ? rendered_ : documents_.written[begun_];
  ++begun_;
  return true;
}

Result<std::string_view> DocumentReader::read() {
  const std::size_t before = rest_.size();
  part_.clear();
  if (!documents_.escaped) {
    part_ = rest_.substr(0, kPartBytes);
    rest_.remove_prefix(part_.size());
  } else {
    json::unescape(rest_, kPartBytes, part_);
  }
  read_ += before - rest_.size();
  return part_;
}

}  // namespace podium::documents
