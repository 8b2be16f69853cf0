#include "text/spec.h"

namespace podium::text {

tl::unexpected<Error> Spec::malformed(std::string_view problem) const {
  return fail(ErrorCode::malformed, fmt::format("tokenizer.json: {} {}", name_, problem));
}

tl::unexpected<Error> Spec::unsupported(std::string_view problem) const {
  return fail(ErrorCode::unsupported, fmt::format("tokenizer.json: {} {}", name_, problem));
}

tl::unexpected<Error> Spec::wrong_type(std::string_view key, std::string_view expected) const {
  return malformed(fmt::format("needs {} as \"{}\"", expected, key));
}

std::optional<json::Value> Spec::find(std::string_view key) const {
  auto found = value_.find(key);
  if (found && found->is_null()) return std::nullopt;
  return found;
}

Result<json::Value> Spec::required(std::string_view key) const {
  if (const auto found = find(key)) return *found;
  return malformed(fmt::format("has no \"{}\"", key));
}

Result<std::string_view> Spec::string(std::string_view key) const {
  PODIUM_TRY(const json::Value value, required(key));
  if (const auto text = value.as_string()) return *text;
  return wrong_type(key, "a string");
}

Result<std::int64_t> Spec::integer(std::string_view key) const {
  PODIUM_TRY(const json::Value value, required(key));
  if (const auto number = value.as_int()) return *number;
  return wrong_type(key, "an integer");
}

Result<Spec> Spec::object(std::string_view key) const {
  PODIUM_TRY(const json::Value value, required(key));
  if (value.is_object()) return Spec(value, fmt::format("{}.{}", name_, key));
  return wrong_type(key, "an object");
}

Result<Spec> Spec::array(std::string_view key) const {
  PODIUM_TRY(const json::Value value, required(key));
  if (value.is_array()) return Spec(value, fmt::format("{}.{}", name_, key));
  return wrong_type(key, "an array");
}

Result<std::string_view> Spec::string_or(std::string_view key, std::string_view fallback) const {
  if (!find(key)) return fallback;
  return string(key);
}

Result<bool> Spec::boolean_or(std::string_view key, bool fallback) const {
  const auto value = find(key);
  if (!value) return fallback;
  if (const auto truth = value->as_bool()) return *truth;
  return wrong_type(key, "true or false");
}

Result<std::int64_t> Spec::integer_or(std::string_view key, std::int64_t fallback) const {
  if (!find(key)) return fallback;
  return integer(key);
}

}  // namespace podium::text
