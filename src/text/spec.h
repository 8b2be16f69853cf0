// One JSON object of tokenizer.json, read field by field. Every error names the object and the
// field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace podium::text {

class Spec {
 public:
  // `name` is how errors call the object, e.g. "model" or "normalizer[1]".
  Spec(json::Value value, std::string name) : value_(value), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  const json::Value& value() const { return value_; }

  // The field if it is there and not null.
  std::optional<json::Value> find(std::string_view key) const;

  // Required fields.
  Result<std::string_view> string(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key) const;
  Result<Spec> object(std::string_view key) const;
  Result<Spec> array(std::string_view key) const;

  // Fields with a default where they are missing or null; a wrong type is still an error.
  Result<std::string_view> string_or(std::string_view key, std::string_view fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;
  Result<std::int64_t> integer_or(std::string_view key, std::int64_t fallback) const;

  // An error of this object: "tokenizer.json: <name> <problem>".
  tl::unexpected<Error> malformed(std::string_view problem) const;
  tl::unexpected<Error> unsupported(std::string_view problem) const;

 private:
  Result<json::Value> required(std::string_view key) const;
  tl::unexpected<Error> wrong_type(std::string_view key, std::string_view expected) const;

  json::Value value_;
  std::string name_;
};

}  // namespace podium::text
