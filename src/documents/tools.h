// Tools that agents are offered, as OpenAI, Anthropic, Gemini, the Model Context Protocol and
// OpenAPI describe them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace podium::documents {

// The name of a tool's definition; empty without one. The definition may stand in "function".
std::string_view tool_name(const json::Value& tool);

// A tool as a model is told of it: "name: description", then a line for each parameter with its
// description and the values it takes.
std::string tool_text(const json::Value& tool);

// Whether an object is a list of tools or an OpenAPI description.
bool lists_tools(const json::Value& root);

}  // namespace podium::documents
