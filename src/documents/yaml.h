// Structured documents as YAML, the form in which they are ranked.
#pragma once

#include <span>
#include <string>

#include "base/json.h"

namespace podium::documents {

// An object as PyYAML's yaml.dump(object, sort_keys=False, allow_unicode=True) writes it without
// folding, which is how Cohere documents structured documents: a member a line ("name: value"),
// in block style, the last line without its end. Text of several lines is a literal block; what is
// nested deeper than eight levels stays JSON, which is YAML too.
std::string render_yaml(const json::Value& object);

// The members of an object that `fields` names and it has, in that order, as YAML; without fields
// all of them, and where one field is named its bare value. Empty if it has none of them.
std::string render_members(const json::Value& object, std::span<const std::string> fields);

}  // namespace podium::documents
