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

// How much of the input is read before it may be forgotten.
constexpr std::size_t kStride = std::size_t{8} << 20;
constexpr std::size_t kPartBytes = std::size_t{16} << 10;

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

// Reads JSON documents one by one; `where` opens every error.
class JsonReader {
 public:
  JsonReader(Documents& documents, Content content, const Passed& passed)
      : documents_(documents), content_(content), strides_(passed) {}

  Result<void> add(std::string_view slice, const std::string& where) {
    if (slice.empty()) return malformed(where, "is empty");
    const auto parsed = json::Document::parse(slice, where);
    if (!parsed) {
      const auto surrogate = find_lone_surrogate(slice);
      if (!surrogate) {
        return fail(ErrorCode::malformed, parsed.error().message, std::string(kJsonHint));
      }
      return malformed(
          where, fmt::format("escapes half a character: the surrogate {} is alone", *surrogate));
    }
    const json::Value root = parsed->root();
    if (content_ == Content::search_result) {
      PODIUM_CHECK(add_search_result(root, where));
    } else if (root.as_string()) {
      documents_.written.push_back(slice.substr(1, slice.size() - 2));
    } else {
      PODIUM_CHECK(add_text(root, slice, where));
    }
    documents_.originals.push_back(slice);
    strides_.take(slice.size());
    return {};
  }

 private:
  static tl::unexpected<Error> malformed(const std::string& where, std::string_view problem) {
    return fail(ErrorCode::malformed, fmt::format("{} {}", where, problem), std::string(kJsonHint));
  }

  Result<void> add_text(const json::Value& root, std::string_view slice, const std::string& where) {
    if (!root.is_object()) {
      return malformed(where, fmt::format("is {}, not text", json::type_name(root.type())));
    }
    std::optional<json::Value> text;
    std::size_t found = 0;
    root.for_each_member([&](std::string_view key, json::Value value) {
      if (key == "text") text = value, ++found;
      return true;
    });
    if (found == 0) return malformed(where, "has no \"text\"");
    if (found > 1) return malformed(where, "has more than one \"text\"");
    const auto string = text->as_string();
    if (!string) {
      return malformed(where, fmt::format("has a \"text\" that is {}, not a string",
                                          json::type_name(text->type())));
    }
    const auto member = json::slice_member(slice, "text");
    if (member) {
      documents_.written.push_back(member->substr(1, member->size() - 2));
    } else {  // the name is written with escapes
      respell(*string);
    }
    return {};
  }

  Result<void> add_search_result(const json::Value& root, const std::string& where) {
    const auto string = [&](std::string_view name, std::string_view other) {
      for (const std::string_view key : {name, other}) {
        const auto value = root.find(key);
        const auto found = value ? value->as_string() : std::nullopt;
        if (found && !trim(*found).empty()) return *found;
      }
      return std::string_view();
    };
    const auto refuse = [&](std::string_view problem) {
      return fail(ErrorCode::malformed, fmt::format("{} {}", where, problem),
                  "A search result is an object with a \"url\" and a \"title\", a \"snippet\" or "
                  "both.");
    };
    if (!root.is_object()) {
      return refuse(fmt::format("is {}, not a search result", json::type_name(root.type())));
    }
    if (string("url", "link").empty()) return refuse("has no \"url\"");
    const std::string_view title = string("title", "name");
    const std::string_view snippet = string("snippet", "description");
    if (title.empty() && snippet.empty()) return refuse("has no \"title\" and no \"snippet\"");
    respell(fmt::format("{}{}{}", title, title.empty() || snippet.empty() ? "" : "\n", snippet));
    return {};
  }

  void respell(std::string_view text) {
    std::string quoted;
    json::Writer(quoted).value(text);
    const std::string& kept =
        documents_.respelled.emplace_back(quoted.substr(1, quoted.size() - 2));
    documents_.written.push_back(kept);
  }

  Documents& documents_;
  Content content_;
  Strides strides_;
};

Result<void> read_jsonl(JsonReader& reader, std::string_view input, std::string_view source) {
  Result<void> outcome;
  for_each_line(input, [&](std::string_view line, std::size_t number) {
    outcome = reader.add(trim(line), fmt::format("{}: line {}", source, number));
    return outcome.has_value();
  });
  return outcome;
}

Result<void> read_array(JsonReader& reader, std::string_view input, std::string_view source) {
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
    PODIUM_CHECK(reader.add(slice, fmt::format("{}: element {} (line {})", source, i + 1, line)));
  }
  if (slices.end == ArraySlices::End::unclosed) return malformed("the JSON array is never closed");
  if (slices.end == ArraySlices::End::text_after) {
    return malformed(fmt::format("there is more text after the JSON array, on line {}",
                                 line_number(input, slices.end_at)));
  }
  return {};
}

}  // namespace

std::string Documents::text(std::size_t index, std::size_t most) const {
  std::string_view rest = written[index];
  std::string out;
  if (originals.empty()) {
    out = rest.substr(0, most);
  } else {
    json::unescape(rest, most, out);
  }
  out.resize(out.size() - utf8::incomplete_tail(out));
  return out;
}

std::string Documents::characters(std::size_t index, std::size_t begin, std::size_t end) const {
  const bool plain = originals.empty() || written[index].find('\\') == std::string_view::npos;
  if (plain) return std::string(utf8::slice(written[index], begin, end));
  return std::string(utf8::slice(text(index), begin, end));
}

std::string Documents::json(std::size_t index) const {
  if (!originals.empty()) return compact(originals[index]);
  std::string out;
  json::Writer(out).value(written[index]);
  return out;
}

std::optional<std::string> Documents::member(std::size_t index, std::string_view name) const {
  if (originals.empty() || !originals[index].starts_with('{')) return std::nullopt;
  const auto slice = json::slice_member(originals[index], name);
  if (!slice) return std::nullopt;
  const auto parsed = json::Document::parse(*slice, "document");
  if (!parsed) return std::nullopt;
  const json::Value value = parsed->root();
  if (const auto text = value.as_string()) return std::string(*text);
  if (value.type() == json::Value::Type::number) return value.to_text();
  return std::nullopt;
}

Result<Documents> parse_documents(std::string_view input, std::string_view source,
                                  InputFormat format, Content content, const Passed& passed) {
  PODIUM_CHECK(check_utf8(input, source, passed));
  if (input.starts_with("\xEF\xBB\xBF")) input.remove_prefix(3);
  Documents documents;
  documents.format = format == InputFormat::automatic ? detect(input) : format;
  JsonReader reader(documents, content, passed);
  Strides strides(passed);
  switch (documents.format) {
    case InputFormat::json: PODIUM_CHECK(read_array(reader, input, source)); break;
    case InputFormat::jsonl: PODIUM_CHECK(read_jsonl(reader, input, source)); break;
    default:
      if (content == Content::search_result) {
        return fail(ErrorCode::malformed, fmt::format("{} is not JSON", source),
                    "Search results are JSONL or one JSON array of objects.");
      }
      for_each_line(input, [&](std::string_view line, std::size_t) {
        documents.written.push_back(line);
        strides.take(line.size());
        return true;
      });
  }
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
  rest_ = documents_.written[begun_++];
  return true;
}

Result<std::string_view> DocumentReader::read() {
  const std::size_t before = rest_.size();
  part_.clear();
  if (documents_.originals.empty()) {
    part_ = rest_.substr(0, kPartBytes);
    rest_.remove_prefix(part_.size());
  } else {
    json::unescape(rest_, kPartBytes, part_);
  }
  read_ += before - rest_.size();
  return part_;
}

}  // namespace podium::documents
