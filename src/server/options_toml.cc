// podium.toml: the toml++ door.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>

#include "base/error.h"
#include "server/options.h"

namespace podium::server {

namespace {

tl::unexpected<Error> wrong(std::string_view file, const toml::source_position& at,
                            std::string_view message) {
  return fail(ErrorCode::invalid_argument, fmt::format("{} line {}: {}", file, at.line, message),
              "podium serve --help lists the options; each is a key of its name.");
}

// A scalar as the command line would spell it.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return **text;
  if (const auto* number = node.as_integer()) return std::to_string(**number);
  if (const auto* number = node.as_floating_point()) return fmt::format("{:g}", **number);
  if (const auto* truth = node.as_boolean()) return **truth ? "true" : "false";
  return std::nullopt;
}

// A scalar, a list of scalars, or a table of NAME = VALUE.
bool add_values(std::string_view name, const toml::node& node, OptionValues& values) {
  if (const auto scalar = scalar_text(node)) {
    values.emplace_back(name, *scalar);
    return true;
  }
  if (const auto* list = node.as_array()) {
    return std::ranges::all_of(*list, [&](const toml::node& element) {
      const auto scalar = scalar_text(element);
      if (scalar) values.emplace_back(name, *scalar);
      return scalar.has_value();
    });
  }
  const auto* table = node.as_table();
  if (table == nullptr) return false;
  for (const auto& [key, element] : *table) {
    const auto scalar = scalar_text(element);
    if (!scalar) return false;
    values.emplace_back(name, fmt::format("{}={}", key.str(), *scalar));
  }
  return true;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Numbers and truth bare, all else quoted.
std::string toml_value(const std::string& text) {
  const bool bare =
      text == "true" || text == "false" ||
      (!text.empty() && text.find_first_not_of("0123456789.") == std::string::npos &&
       std::ranges::count(text, '.') <= 1 && text.front() != '.' && text.back() != '.');
  return bare ? text : quoted(text);
}

}  // namespace

Result<OptionValues> parse_toml(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    return wrong(name, parsed.error().source().begin, parsed.error().description());
  }
  OptionValues values;
  for (const auto& [key, node] : parsed.table()) {
    const auto option = std::ranges::find(options_table(), key.str(), &Option::name);
    if (option == options_table().end()) {
      return wrong(name, key.source().begin, fmt::format("{} is no option", key.str()));
    }
    if (!add_values(key.str(), node, values)) {
      return wrong(name, node.source().begin,
                   fmt::format("{} takes a text, a number or a list of them", key.str()));
    }
  }
  return values;
}

std::string to_toml(const ServerOptions& options) {
  std::string out;
  for (const Option& option : options_table()) {
    const auto values = option.get(options);
    if (!option.repeats) {
      for (const auto& value : values) {
        out += fmt::format("{} = {}\n", option.name, toml_value(value));
      }
      continue;
    }
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ", ") + quoted(value);
    out += fmt::format("{} = [{}]\n", option.name, list);
  }
  return out;
}

}  // namespace podium::server
