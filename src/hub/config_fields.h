// The members of one JSON object of config.json, read into variables.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace podium::hub {

// Variables keep their value where the member is absent or null. The first error is kept, so that
// the fields read like a list.
class Fields {
 public:
  Fields(std::string what, std::optional<json::Value> object)
      : what_(std::move(what)), object_(object) {}

  void text(std::string_view key, std::string& out);
  void flag(std::string_view key, bool& out);
  void size(std::string_view key, std::size_t& out, std::size_t least, std::size_t most);
  void number(std::string_view key, double& out);
  void texts(std::string_view key, std::vector<std::string>& out);

  // The object under `key`, whose errors the caller collects with absorb().
  Fields section(std::string_view key);
  void absorb(const Fields& other) {
    if (outcome_) outcome_ = other.outcome_;
  }

  bool present() const { return object_ && object_->is_object(); }
  bool has(std::string_view key) const { return find(key).has_value(); }
  std::size_t members() const { return object_ ? object_->size() : 0; }

  void refuse(std::string_view key, std::string_view why, ErrorCode code = ErrorCode::malformed);
  void refuse_unknown(std::string_view key, std::string_view value, std::string hint);
  const Result<void>& outcome() const { return outcome_; }

 private:
  std::optional<json::Value> find(std::string_view key) const;
  void wrong_type(std::string_view key, std::string_view wanted, json::Value found);

  std::string what_;
  std::optional<json::Value> object_;
  Result<void> outcome_;
};

}  // namespace podium::hub
