// Any text through the JSON door: an error, or a value that written back reads as the same value,
// both by to_text() and by the Writer.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/utf8.h"

namespace {

namespace json = podium::json;

void write(json::Writer& writer, json::Value value) {
  switch (value.type()) {
    case json::Value::Type::null: writer.null(); break;
    case json::Value::Type::boolean: writer.value(*value.as_bool()); break;
    case json::Value::Type::string: writer.value(*value.as_string()); break;
    case json::Value::Type::number:
      if (const auto integer = value.as_int()) {
        writer.value(*integer);
      } else if (const auto positive = value.as_uint()) {
        writer.value(*positive);
      } else {
        writer.value(*value.as_double());
      }
      break;
    case json::Value::Type::array:
      writer.begin_array();
      value.for_each_element([&](json::Value element) { return write(writer, element), true; });
      writer.end_array();
      break;
    case json::Value::Type::object:
      writer.begin_object();
      value.for_each_member([&](std::string_view key, json::Value member) {
        if (!value.find(key)) __builtin_trap();
        return write(writer.key(key), member), true;
      });
      writer.end_object();
      break;
  }
}

std::string written(json::Value value) {
  std::string out;
  json::Writer writer(out);
  write(writer, value);
  return out;
}

json::Document read_back(const std::string& text) {
  auto document = json::Document::parse(text, "written");
  if (!document) __builtin_trap();
  return *std::move(document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = json::Document::parse(text, "input");
  if (!document) return 0;
  if (!podium::utf8::is_valid(text)) __builtin_trap();
  const std::string first = written(document->root());
  if (written(read_back(first).root()) != first) __builtin_trap();
  if (written(read_back(document->root().to_text()).root()) != first) __builtin_trap();
  return 0;
}
