#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/utf8.h"

namespace podium::json {

namespace dom = simdjson::dom;

static_assert(sizeof(dom::element) <= 16 && std::is_trivially_copyable_v<dom::element>);

struct ValueAccess {
  static dom::element element(const Value& value) {
    dom::element e;
    std::memcpy(&e, value.storage_.data(), sizeof e);
    return e;
  }
  static Value value(dom::element e) {
    Value value;
    std::memcpy(value.storage_.data(), &e, sizeof e);
    return value;
  }
};

Value::Type Value::type() const {
  switch (ValueAccess::element(*this).type()) {
    case dom::element_type::ARRAY: return Type::array;
    case dom::element_type::OBJECT: return Type::object;
    case dom::element_type::STRING: return Type::string;
    case dom::element_type::BOOL: return Type::boolean;
    case dom::element_type::NULL_VALUE: return Type::null;
    default: return Type::number;
  }
}

namespace {

template <class T>
std::optional<T> get(const Value& value) {
  T out;
  if (ValueAccess::element(value).get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::string_view> Value::as_string() const { return get<std::string_view>(*this); }
std::optional<std::int64_t> Value::as_int() const { return get<std::int64_t>(*this); }
std::optional<std::uint64_t> Value::as_uint() const { return get<std::uint64_t>(*this); }
std::optional<double> Value::as_double() const { return get<double>(*this); }
std::optional<bool> Value::as_bool() const { return get<bool>(*this); }

std::optional<Value> Value::find(std::string_view key) const {
  dom::element found;
  if (ValueAccess::element(*this).at_key(key).get(found) != simdjson::SUCCESS) return std::nullopt;
  return ValueAccess::value(found);
}

std::size_t Value::size() const {
  std::size_t count = 0;
  if (is_array()) for_each_element([&](Value) { return ++count, true; });
  if (is_object()) for_each_member([&](std::string_view, Value) { return ++count, true; });
  return count;
}

void Value::each_element(bool (*visit)(void*, Value), void* context) const {
  dom::array array;
  if (ValueAccess::element(*this).get(array) != simdjson::SUCCESS) return;
  for (dom::element e : array) {
    if (!visit(context, ValueAccess::value(e))) return;
  }
}

void Value::each_member(bool (*visit)(void*, std::string_view, Value), void* context) const {
  dom::object object;
  if (ValueAccess::element(*this).get(object) != simdjson::SUCCESS) return;
  for (auto [key, e] : object) {
    if (!visit(context, key, ValueAccess::value(e))) return;
  }
}

std::string Value::to_text() const { return simdjson::minify(ValueAccess::element(*this)); }

struct Document::Parsed {
  dom::parser parser;
  dom::element root;
};

Document::Document(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Value Document::root() const { return ValueAccess::value(parsed_->root); }

namespace {

// Whether a run of number characters is an integer that no 64-bit type holds.
bool is_big_integer(std::string_view run) {
  constexpr std::size_t kMostDigits = 18;  // always fit
  if (run.size() <= kMostDigits || run.find_first_of(".eE+") != std::string_view::npos)
    return false;
  const char* end = run.data() + run.size();
  std::uint64_t positive = 0;
  std::int64_t negative = 0;
  const auto result = run[0] == '-' ? std::from_chars(run.data(), end, negative)
                                    : std::from_chars(run.data(), end, positive);
  return result.ec == std::errc::result_out_of_range && result.ptr == end;
}

// The text with ".0" after every big integer. simdjson refuses those, though they are valid JSON
// and occur: tokenizers without a limit are saved with a model_max_length of 10^30.
std::string big_integers_as_doubles(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (text[at] == '"') {
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
      out += text.substr(at, end - at);
    } else {
      end = std::min(text.find_first_not_of("0123456789+-.eE", at), text.size());
      const std::string_view run = text.substr(at, std::max<std::size_t>(end - at, 1));
      out += run;
      if (is_big_integer(run)) out += ".0";
      end = at + run.size();
    }
    at = end;
  }
  return out;
}

}  // namespace

Result<Document> Document::parse(std::string_view text, std::string_view what) {
  if (text.empty()) text = "";  // one that points nowhere would be copied from there
  auto parsed = std::make_unique<Parsed>();
  auto code = parsed->parser.parse(text.data(), text.size(), true).get(parsed->root);
  if (code == simdjson::NUMBER_ERROR) {
    code = parsed->parser.parse(big_integers_as_doubles(text)).get(parsed->root);
  }
  if (code == simdjson::SUCCESS) return Document(std::move(parsed));
  return fail(ErrorCode::malformed,
              fmt::format("{} is not valid JSON: {}", what, simdjson::error_message(code)));
}

std::string_view type_name(Value::Type type) {
  constexpr std::array<std::string_view, 6> kNames = {"null",     "a boolean", "a number",
                                                      "a string", "an array",  "an object"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string parser_version() {
  return fmt::format("{}.{}.{}", static_cast<int>(simdjson::SIMDJSON_VERSION_MAJOR),
                     static_cast<int>(simdjson::SIMDJSON_VERSION_MINOR),
                     static_cast<int>(simdjson::SIMDJSON_VERSION_REVISION));
}

void Writer::separate() {
  if (need_comma_) out_ += ',';
  need_comma_ = true;
}

Writer& Writer::begin_object() {
  separate();
  out_ += '{';
  need_comma_ = false;
  return *this;
}

Writer& Writer::end_object() {
  out_ += '}';
  need_comma_ = true;
  return *this;
}

Writer& Writer::begin_array() {
  separate();
  out_ += '[';
  need_comma_ = false;
  return *this;
}

Writer& Writer::end_array() {
  out_ += ']';
  need_comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  value(name);
  out_ += ':';
  need_comma_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  std::string repaired;
  if (!utf8::is_valid(text)) text = repaired = utf8::repair(text);
  out_ += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out_ += "\\\""; break;
      case '\\': out_ += "\\\\"; break;
      case '\n': out_ += "\\n"; break;
      case '\r': out_ += "\\r"; break;
      case '\t': out_ += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out_ += c;
        }
    }
  }
  out_ += '"';
  return *this;
}

Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  if (number == 0 && std::signbit(number))
    return raw("-0.0");  // "-0" would read back as an integer
  separate();
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out_.append(text.data(), end);
  return *this;
}

Writer& Writer::value(std::uint64_t number) {
  separate();
  out_ += std::to_string(number);
  return *this;
}

Writer& Writer::value(std::int64_t number) {
  separate();
  out_ += std::to_string(number);
  return *this;
}

Writer& Writer::value(bool truth) {
  separate();
  out_ += truth ? "true" : "false";
  return *this;
}

Writer& Writer::null() {
  separate();
  out_ += "null";
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace podium::json
