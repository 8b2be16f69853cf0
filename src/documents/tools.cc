#include "documents/tools.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "documents/format.h"
#include "documents/openapi.h"

namespace podium::documents {

namespace {

constexpr std::string_view kToolsHint =
    "Known: the answer of MCP's tools/list, the \"tools\" of OpenAI, Anthropic and Gemini, and "
    "OpenAPI in JSON.";
constexpr std::array<std::string_view, 4> kSchemas = {"inputSchema", "input_schema", "parameters",
                                                      "parametersJsonSchema"};
constexpr std::array<std::string_view, 4> kLists = {"tools", "functions", "functionDeclarations",
                                                    "function_declarations"};

std::string_view text_at(const json::Value& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string_view();
}

json::Value definition_of(const json::Value& tool) {
  const auto function = tool.find("function");
  return function && function->is_object() ? *function : tool;
}

// The list inside an object; an answer of JSON-RPC holds it in "result".
std::optional<json::Value> list_in(const json::Value& root) {
  if (const auto result = root.find("result"); result && result->is_object())
    return list_in(*result);
  for (const std::string_view key : kLists) {
    const auto list = root.find(key);
    if (list && list->is_array()) return list;
  }
  return std::nullopt;
}

Result<void> add_tools(const json::Value& list, const Source& source, Documents& documents) {
  Result<void> outcome;
  std::size_t number = 0;
  list.for_each_element([&](const json::Value& tool) {
    ++number;
    if (const auto inner = list_in(tool)) {  // Gemini: [{"functionDeclarations": […]}]
      outcome = add_tools(*inner, source, documents);
      return outcome.has_value();
    }
    std::string_view name = tool_name(tool);
    if (name.empty())
      name = text_at(tool, "type");  // what the provider brings: {"type": "web_search"}
    if (name.empty()) {
      outcome =
          fail(ErrorCode::malformed, fmt::format("{}: tool {} has no name", source.name, number),
               std::string(kToolsHint));
      return false;
    }
    documents.written.push_back(documents.owned.emplace_back(tool_text(tool)));
    documents.originals.push_back(documents.owned.emplace_back(tool.to_text()));
    documents.names.emplace_back(name);
    return true;
  });
  return outcome;
}

}  // namespace

std::string_view tool_name(const json::Value& tool) { return text_at(definition_of(tool), "name"); }

std::string tool_text(const json::Value& tool) {
  const json::Value definition = definition_of(tool);
  std::string text(tool_name(tool));
  if (text.empty()) text = text_at(tool, "type");
  std::string_view about = text_at(definition, "description");
  if (about.empty()) about = text_at(definition, "title");
  if (!about.empty()) text.append(": ").append(about);
  for (const std::string_view key : kSchemas) {
    const auto schema = definition.find(key);
    const auto properties = schema ? schema->find("properties") : std::nullopt;
    if (!properties) continue;
    properties->for_each_member([&](std::string_view name, const json::Value& property) {
      text.append("\n").append(name);
      if (const auto what = text_at(property, "description"); !what.empty())
        text.append(": ").append(what);
      std::string_view open = " (";
      if (const auto values = property.find("enum")) {
        values->for_each_element([&](const json::Value& value) {
          const auto word = value.as_string();
          text.append(std::exchange(open, ", "))
              .append(word ? std::string(*word) : value.to_text());
          return true;
        });
      }
      if (open == ", ") text += ')';
      return true;
    });
  }
  return text;
}

bool lists_tools(const json::Value& root) { return is_openapi(root) || list_in(root).has_value(); }

Result<void> read_tools(const Source& source, Documents& documents) {
  const auto parsed = json::Document::parse(source.text, source.name);
  if (!parsed) return fail(ErrorCode::malformed, parsed.error().message, std::string(kToolsHint));
  const json::Value root = parsed->root();
  if (is_openapi(root)) {
    add_operations(root, documents);
  } else if (const auto list = root.is_array() ? std::optional(root) : list_in(root)) {
    PODIUM_CHECK(add_tools(*list, source, documents));
  }
  if (!documents.written.empty()) return {};
  return fail(ErrorCode::malformed, fmt::format("{} lists no tools", source.name),
              std::string(kToolsHint));
}

}  // namespace podium::documents
