#include "base/json_slices.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace podium::json {

namespace {

constexpr std::string_view kSpace = " \t\n\r";

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

// The quote that closes the string which opens at `at`; npos if it never closes.
std::size_t closing_quote(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

// The position behind that string, which is the end of the text if it never closes.
std::size_t skip_string(std::string_view text, std::size_t at) {
  return std::min(closing_quote(text, at), text.size() - 1) + 1;
}

// The UTF-16 unit of the escape \uXXXX at `at`, if there is one.
std::optional<unsigned> unit_at(std::string_view json, std::size_t at) {
  const std::string_view escape = json.substr(at, 6);
  if (escape.size() < 6 || escape[0] != '\\' || escape[1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* end = escape.data() + 6;
  if (std::from_chars(escape.data() + 2, end, unit, 16).ptr != end) return std::nullopt;
  return unit;
}

bool is_high(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && text.starts_with('"') && closing_quote(text, 0) == text.size() - 1;
}

ArraySlices slice_array(std::string_view text) {
  ArraySlices slices;
  const std::size_t open = text.find('[');
  std::size_t begin = open + 1;
  std::size_t depth = 0;
  for (std::size_t at = open; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth == 0 || (depth == 1 && c == ',')) {
      slices.elements.push_back(trim(text.substr(begin, at - begin)));
      begin = at + 1;
    }
    ++at;
    if (depth > 0) continue;
    if (c != ']') break;  // closed by the wrong bracket: not closed
    slices.end_at = text.find_first_not_of(kSpace, at);
    slices.end = slices.end_at == std::string_view::npos ? ArraySlices::End::closed
                                                         : ArraySlices::End::text_after;
    break;
  }
  if (slices.end == ArraySlices::End::unclosed) {
    const std::string_view rest = trim(text.substr(begin));
    if (!rest.empty()) slices.elements.push_back(rest);
  }
  if (slices.elements.size() == 1 && slices.elements.front().empty()) slices.elements.clear();
  return slices;
}

std::optional<std::string_view> slice_member(std::string_view object, std::string_view key) {
  std::size_t depth = 0;
  bool found = false;
  std::size_t begin = 0;  // of the value, once found
  for (std::size_t at = 0; at < object.size();) {
    const char c = object[at];
    if (c == '"') {
      const std::size_t end = skip_string(object, at);
      const std::size_t next = std::min(object.find_first_not_of(kSpace, end), object.size() - 1);
      if (depth == 1 && !found && object[next] == ':' &&
          object.substr(at + 1, end - at - 2) == key) {
        found = true;
        begin = next + 1;
      }
      at = end;
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    const bool closes = c == ']' || c == '}';
    if (found && depth == 1 && (c == ',' || closes)) return trim(object.substr(begin, at - begin));
    if (closes) --depth;
    ++at;
  }
  return std::nullopt;
}

std::optional<std::string_view> find_lone_surrogate(std::string_view json) {
  for (std::size_t at = json.find('\\'); at < json.size(); at = json.find('\\', at)) {
    const auto unit = unit_at(json, at);
    if (!unit) {
      at += 2;
      continue;
    }
    const auto next = unit_at(json, at + 6);
    const bool pair = is_high(*unit) && next && is_low(*next);
    if (!pair && (is_high(*unit) || is_low(*unit))) return json.substr(at, 6);
    at += pair ? 12 : 6;
  }
  return std::nullopt;
}

void unescape(std::string_view& inside, std::size_t most, std::string& out) {
  const std::size_t enough = out.size() + std::min(most, inside.size());
  while (!inside.empty() && out.size() < enough) {
    const std::size_t plain = std::min(inside.substr(0, enough - out.size()).find('\\'),
                                       std::min(inside.size(), enough - out.size()));
    out.append(inside.substr(0, plain));
    inside.remove_prefix(plain);
    if (!inside.starts_with('\\')) continue;
    std::size_t length = 2;
    if (const auto unit = unit_at(inside, 0)) {
      const auto low = is_high(*unit) ? unit_at(inside, 6) : std::nullopt;
      length = low ? 12 : 6;
      utf8::append(out, low ? 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00) : *unit);
    } else if (inside.size() > 1) {
      constexpr std::string_view kNames = "bfnrt";
      constexpr std::string_view kCharacters = "\b\f\n\r\t";
      const std::size_t name = kNames.find(inside[1]);
      out += name == std::string_view::npos ? inside[1] : kCharacters[name];
    }
    inside.remove_prefix(std::min(length, inside.size()));
  }
}

std::string compact(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t end = json[at] == '"' ? skip_string(json, at) : at + 1;
    if (!is_space(json[at])) out.append(json, at, end - at);
    at = end;
  }
  return out;
}

}  // namespace podium::json
