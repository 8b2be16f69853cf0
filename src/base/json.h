// JSON in and out. Reading is the simdjson door: nobody else includes simdjson. Writing is a small
// appending writer, since the shapes Podium writes are fixed and shallow.
//
// A Document owns the parsed text; Values and the string_views they return are handles into it and
// live as long as it does. Parsing checks that the text is valid UTF-8 and at most 1024 levels
// deep. A parsed Document may be read from many threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace podium::json {

class Value {
 public:
  enum class Type { null, boolean, number, string, array, object };

  Type type() const;
  bool is_null() const { return type() == Type::null; }
  bool is_object() const { return type() == Type::object; }
  bool is_array() const { return type() == Type::array; }

  // The value if it has that type (and, for integers, that range), else nothing.
  std::optional<std::string_view> as_string() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<std::uint64_t> as_uint() const;
  std::optional<double> as_double() const;  // any number
  std::optional<bool> as_bool() const;

  // The first member of that name; nothing if there is none or this is no object.
  std::optional<Value> find(std::string_view key) const;

  // Elements of an array or members of an object; 0 for anything else.
  std::size_t size() const;

  // Calls f(Value) for each element until it returns false. No effect unless this is an array.
  template <class F>
  void for_each_element(F&& f) const {
    each_element(
        [](void* context, Value value) -> bool {
          return (*static_cast<std::remove_reference_t<F>*>(context))(value);
        },
        &f);
  }

  // Calls f(std::string_view key, Value) for each member, in the order of the text, repeated names
  // included, until it returns false. No effect unless this is an object.
  template <class F>
  void for_each_member(F&& f) const {
    each_member(
        [](void* context, std::string_view key, Value value) -> bool {
          return (*static_cast<std::remove_reference_t<F>*>(context))(key, value);
        },
        &f);
  }

  // The value as compact JSON text.
  std::string to_text() const;

 private:
  friend class Document;
  friend struct ValueAccess;
  Value() = default;
  void each_element(bool (*visit)(void*, Value), void* context) const;
  void each_member(bool (*visit)(void*, std::string_view, Value), void* context) const;
  alignas(8) std::array<std::byte, 16> storage_{};  // a simdjson dom element
};

class Document {
 public:
  // `what` names the text in errors ("tokenizer.json", "line 3").
  static Result<Document> parse(std::string_view text, std::string_view what);

  Value root() const;

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

 private:
  struct Parsed;
  explicit Document(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

// The type for a sentence: "a number", "an object", "null".
std::string_view type_name(Value::Type type);

// The version of the parsing library.
std::string parser_version();

// Appends JSON to a string: commas and escapes are its job, balance is the caller's.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);  // invalid UTF-8 becomes U+FFFD
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(double number);  // shortest text that reads back equal; non-finite becomes null
  Writer& value(std::uint64_t number);
  Writer& value(std::int64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(bool truth);
  Writer& null();
  Writer& raw(std::string_view json);  // already JSON

 private:
  void separate();
  std::string& out_;
  bool need_comma_ = false;
};

}  // namespace podium::json
