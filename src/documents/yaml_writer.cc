#include <algorithm>
#include <array>

#include "documents/yaml.h"

namespace podium::documents {

namespace {

constexpr int kDeepest = 8;  // lines grow with the depth

bool is_one_of(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}

// Plain words that YAML 1.1 reads as something else than text.
bool is_a_word_of_yaml(std::string_view text) {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"yes", "no", "true", "false", "on", "off", "null", "~", "<<", "=", ".inf", ".nan"});
  if (text.size() > 5) return false;
  std::string lower(text.substr(is_one_of(text[0], "+-") ? 1 : 0));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::find(kWords, lower) != kWords.end();
}

// Numbers, sexagesimal ones included, and dates; also a few texts that only look like them.
bool is_like_a_number(std::string_view text) {
  if (!is_one_of(text[0], "+-.0123456789")) return false;
  return text.find_first_of("0123456789") != std::string_view::npos &&
         text.find_first_not_of("0123456789+-.:_abcdefABCDEFoxXTZtz ") == std::string_view::npos;
}

// Control characters and the few others that only an escape can write. `at` is in UTF-8.
bool needs_escape(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c < ' ') return c != '\n';
  const std::string_view rest = text.substr(at);
  return c == 0x7F || (rest.starts_with("\xC2") && static_cast<unsigned char>(rest[1]) < 0xA0) ||
         rest.starts_with("\xEF\xBB\xBF") || rest.starts_with("\xE2\x80\xA8") ||
         rest.starts_with("\xE2\x80\xA9");
}

struct Style {
  bool plain = true;
  bool literal = false;  // a block of several lines
  bool escaped = false;  // double quotes, as in JSON
};

Style style_of(std::string_view text) {
  Style style;
  const bool several = text.find('\n') != std::string_view::npos;
  const auto space_after = [&](std::size_t at) {
    return at + 1 == text.size() || is_one_of(text[at + 1], " \n");
  };
  style.plain = !text.empty() && !several && !is_a_word_of_yaml(text) && !is_like_a_number(text) &&
                text.front() != ' ' && text.back() != ' ' &&
                !is_one_of(text[0], "#,[]{}&*!|>'\"%@`") && !text.starts_with("---") &&
                !text.starts_with("...") && !(is_one_of(text[0], "?:-") && space_after(0));
  style.literal = several && text.front() != ' ' && text.front() != '\n';
  for (std::size_t i = 0; i < text.size(); ++i) {
    style.escaped = style.escaped || needs_escape(text, i);
    if (text[i] == ':' && i > 0 && space_after(i)) style.plain = false;
    if (text[i] == '#' && i > 0 && text[i - 1] == ' ') style.plain = false;
    if (text[i] == ' ' && space_after(i) && several &&
        (i + 1 == text.size() || text[i + 1] == '\n')) {
      style.literal = false;
    }
  }
  style.escaped = style.escaped || (several && !style.literal);
  return style;
}

class Yaml {
 public:
  explicit Yaml(std::string& out) : out_(out) {}

  void member(std::string_view name, const json::Value& value, std::size_t indent, int depth) {
    scalar(name, indent, true);
    out_ += ':';
    const bool block = is_block(value, depth);
    if (!block) out_ += ' ';
    if (block) line(value.is_object() ? indent + 2 : indent);
    node(value, block && value.is_object() ? indent + 2 : indent, depth + 1);
  }

  void line(std::size_t indent) { out_.append("\n").append(indent, ' '); }

 private:
  static bool is_block(const json::Value& value, int depth) {
    return (value.is_object() || value.is_array()) && value.size() > 0 && depth < kDeepest;
  }

  // A value at a cursor that stands at `indent` already.
  void node(const json::Value& value, std::size_t indent, int depth) {
    if (const auto text = value.as_string()) return scalar(*text, indent, false);
    if (!is_block(value, depth - 1)) {
      out_ += value.to_text();
      return;
    }
    bool first = true;
    value.for_each_member([&](std::string_view name, const json::Value& child) {
      if (!std::exchange(first, false)) line(indent);
      member(name, child, indent, depth);
      return true;
    });
    value.for_each_element([&](const json::Value& child) {
      if (!std::exchange(first, false)) line(indent);
      out_ += "- ";
      if (const auto text = child.as_string()) {
        scalar(*text, indent, false);
      } else {
        node(child, indent + 2, depth + 1);
      }
      return true;
    });
  }

  void scalar(std::string_view text, std::size_t indent, bool is_name) {
    const Style style = style_of(text);
    if (style.escaped || (is_name && style.literal)) {
      json::Writer(out_).value(text);
    } else if (style.literal) {
      block(text, indent + 2);
    } else if (style.plain) {
      out_ += text;
    } else {
      out_ += '\'';
      for (const char c : text) out_.append(c == '\'' ? 2 : 1, c);
      out_ += '\'';
    }
  }

  void block(std::string_view text, std::size_t indent) {
    const bool ends = text.ends_with('\n');
    out_ += ends ? (text.ends_with("\n\n") ? "|+" : "|") : "|-";
    if (ends) text.remove_suffix(1);
    while (true) {
      const auto end = std::min(text.find('\n'), text.size());
      if (end == 0) out_ += '\n';
      if (end > 0) line(indent);
      out_ += text.substr(0, end);
      if (end == text.size()) return;
      text.remove_prefix(end + 1);
    }
  }

  std::string& out_;
};

}  // namespace

std::string render_yaml(const json::Value& object) {
  std::string out;
  Yaml yaml(out);
  object.for_each_member([&](std::string_view name, const json::Value& value) {
    if (!out.empty()) yaml.line(0);
    yaml.member(name, value, 0, 0);
    return true;
  });
  return out;
}

std::string render_members(const json::Value& object, std::span<const std::string> fields) {
  if (fields.empty()) return render_yaml(object);
  std::string out;
  Yaml yaml(out);
  for (const std::string& field : fields) {
    const auto value = object.find(field);
    if (!value || value->is_null()) continue;
    const auto text = value->as_string();
    if (fields.size() == 1) return text ? std::string(*text) : value->to_text();
    if (!out.empty()) yaml.line(0);
    yaml.member(field, *value, 0, 0);
  }
  return out;
}

}  // namespace podium::documents
