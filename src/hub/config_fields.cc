#include "hub/config_fields.h"

#include <utility>

namespace podium::hub {

void Fields::text(std::string_view key, std::string& out) {
  const auto value = find(key);
  if (!value) return;
  if (const auto text = value->as_string()) {
    out = *text;
  } else {
    wrong_type(key, "a string", *value);
  }
}

void Fields::flag(std::string_view key, bool& out) {
  const auto value = find(key);
  if (!value) return;
  if (const auto flag = value->as_bool()) {
    out = *flag;
  } else {
    wrong_type(key, "true or false", *value);
  }
}

void Fields::size(std::string_view key, std::size_t& out, std::size_t least, std::size_t most) {
  const auto value = find(key);
  if (!value) return;
  if (value->type() != json::Value::Type::number) return wrong_type(key, "an integer", *value);
  const auto size = value->as_uint();
  if (!size || *size < least || *size > most) {
    return refuse(key, fmt::format("must be an integer from {} to {}, not {}", least, most,
                                   value->to_text()));
  }
  out = *size;
}

void Fields::number(std::string_view key, double& out) {
  const auto value = find(key);
  if (!value) return;
  if (const auto number = value->as_double()) {
    out = *number;
  } else {
    wrong_type(key, "a number", *value);
  }
}

void Fields::texts(std::string_view key, std::vector<std::string>& out) {
  const auto value = find(key);
  if (!value) return;
  if (!value->is_array()) return wrong_type(key, "an array of strings", *value);
  value->for_each_element([&](json::Value element) {
    if (const auto text = element.as_string()) {
      out.emplace_back(*text);
    } else {
      wrong_type(key, "an array of strings", element);
    }
    return outcome_.has_value();
  });
}

Fields Fields::section(std::string_view key) {
  const auto value = find(key);
  if (value && !value->is_object()) wrong_type(key, "an object", *value);
  return {fmt::format("{}, section \"{}\"", what_, key), value};
}

void Fields::refuse(std::string_view key, std::string_view why, ErrorCode code) {
  if (outcome_) outcome_ = fail(code, fmt::format("{}: \"{}\" {}", what_, key, why));
}

void Fields::refuse_unknown(std::string_view key, std::string_view value, std::string hint) {
  if (!outcome_) return;
  outcome_ =
      fail(ErrorCode::unsupported,
           fmt::format("{}: \"{}\" is \"{}\", which Podium does not know", what_, key, value),
           std::move(hint));
}

std::optional<json::Value> Fields::find(std::string_view key) const {
  const auto value = object_ ? object_->find(key) : std::nullopt;
  return value && value->is_null() ? std::nullopt : value;
}

void Fields::wrong_type(std::string_view key, std::string_view wanted, json::Value found) {
  refuse(key, fmt::format("must be {}, not {}", wanted, json::type_name(found.type())));
}

}  // namespace podium::hub
