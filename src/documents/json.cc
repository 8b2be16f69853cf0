// Documents in JSON: one array, or JSONL with one value a line.
#include "base/json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_slices.h"
#include "documents/format.h"
#include "documents/yaml.h"

namespace podium::documents {

namespace {

using json::ArraySlices;
using json::find_lone_surrogate;
using json::slice_array;
using json::trim;

constexpr std::string_view kJsonHint =
    "A document is a JSON string or an object with a \"text\" string, in JSONL one on each line; "
    "--fields names other members to read, --input lines reads every line as plain text.";

tl::unexpected<Error> malformed(const std::string& where, std::string_view problem) {
  return fail(ErrorCode::malformed, fmt::format("{} {}", where, problem), std::string(kJsonHint));
}

// The title and snippet of a search result.
Result<std::string> search_result_text(const json::Value& root, const std::string& where) {
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
  return fmt::format("{}{}{}", title, title.empty() || snippet.empty() ? "" : "\n", snippet);
}

// The "text" of an object.
Result<std::string_view> text_member(const json::Value& root, const std::string& where) {
  if (!root.is_object()) {
    return malformed(where, fmt::format("is {}, not text", json::type_name(root.type())));
  }
  std::optional<json::Value> text;
  std::size_t found = 0;
  root.for_each_member([&](std::string_view key, json::Value value) {
    if (key == "text") text = value, ++found;
    return true;
  });
  if (!text) return malformed(where, "has no \"text\"");
  if (found > 1) return malformed(where, "has more than one \"text\"");
  if (const auto string = text->as_string()) return *string;
  return malformed(
      where, fmt::format("has a \"text\" that is {}, not a string", json::type_name(text->type())));
}

Result<std::string> text_of_value(const json::Value& root, const std::string& where,
                                  const ReadOptions& options, bool whole) {
  if (options.content == Content::search_result) return search_result_text(root, where);
  if (const auto string = root.as_string()) return std::string(*string);
  if (root.is_object() && !options.fields.empty()) {
    const bool has_one = std::ranges::any_of(options.fields, [&](const std::string& field) {
      const auto value = root.find(field);
      return value && !value->is_null();
    });
    if (has_one) return render_members(root, options.fields);
    return malformed(where,
                     fmt::format("has none of the fields {}", fmt::join(options.fields, ", ")));
  }
  if (root.is_object() && whole && !root.find("text")) return render_yaml(root);
  PODIUM_TRY(const std::string_view text, text_member(root, where));
  return std::string(text);
}

Result<json::Document> parse(std::string_view slice, const std::string& where) {
  if (slice.empty()) return malformed(where, "is empty");
  auto parsed = json::Document::parse(slice, where);
  if (parsed) return parsed;
  const auto surrogate = find_lone_surrogate(slice);
  if (!surrogate) {
    return fail(ErrorCode::malformed, parsed.error().message, std::string(kJsonHint));
  }
  return malformed(where,
                   fmt::format("escapes half a character: the surrogate {} is alone", *surrogate));
}

Result<void> add_json(const Source& source, std::string_view slice, const std::string& where,
                      Documents& documents) {
  PODIUM_TRY(const json::Document parsed, parse(slice, where));
  const json::Value root = parsed.root();
  if (!documents.escaped) {
    PODIUM_CHECK(text_of_value(root, where, source.options, false));
    documents.written.push_back(slice);
  } else if (root.as_string()) {
    documents.written.push_back(slice.substr(1, slice.size() - 2));
  } else {
    PODIUM_TRY(const std::string_view text, text_member(root, where));
    const auto member = json::slice_member(slice, "text");
    std::string_view written = member.value_or("");
    if (!member) {  // the name is written with escapes
      std::string& quoted = documents.owned.emplace_back();
      json::Writer(quoted).value(text);
      written = quoted;
    }
    documents.written.push_back(written.substr(1, written.size() - 2));
  }
  documents.originals.push_back(slice);
  source.strides.take(slice.size());
  return {};
}

void begin(const Source& source, Documents& documents) {
  documents.escaped = source.options.content == Content::text && source.options.fields.empty();
  if (!documents.escaped) documents.render_text = text_renderer(source.options, false);
}

}  // namespace

Result<std::string> text_of_json(std::string_view json, const std::string& where,
                                 const ReadOptions& options, bool whole) {
  PODIUM_TRY(const json::Document parsed, parse(json, where));
  return text_of_value(parsed.root(), where, options, whole);
}

Documents::Render text_renderer(const ReadOptions& options, bool whole) {
  return [options, whole](std::string_view json) {
    return text_of_json(json, "document", options, whole).value_or(std::string());
  };
}

Result<void> read_jsonl(const Source& source, Documents& documents) {
  begin(source, documents);
  Result<void> outcome;
  for_each_line(source.text, [&](std::string_view line, std::size_t number) {
    outcome =
        add_json(source, trim(line), fmt::format("{}: line {}", source.name, number), documents);
    return outcome.has_value();
  });
  return outcome;
}

Result<void> read_json_array(const Source& source, Documents& documents) {
  begin(source, documents);
  const std::string_view input = source.text;
  const auto broken = [&](std::string problem) {
    return fail(ErrorCode::malformed, fmt::format("{}: {}", source.name, problem),
                std::string(kJsonHint));
  };
  if (!trim(input).starts_with('[')) return broken("is no JSON array");
  const ArraySlices slices = slice_array(input);
  std::size_t line = 1;
  const char* counted = input.data();
  for (std::size_t i = 0; i < slices.elements.size(); ++i) {
    const std::string_view slice = slices.elements[i];
    if (!slice.empty()) {
      line += static_cast<std::size_t>(std::count(counted, slice.data(), '\n'));
      counted = slice.data();
    }
    PODIUM_CHECK(add_json(source, slice,
                          fmt::format("{}: element {} (line {})", source.name, i + 1, line),
                          documents));
  }
  if (slices.end == ArraySlices::End::unclosed) return broken("the JSON array is never closed");
  if (slices.end == ArraySlices::End::text_after) {
    return broken(fmt::format("there is more text after the JSON array, on line {}",
                              line_number(input, slices.end_at)));
  }
  return {};
}

}  // namespace podium::documents
