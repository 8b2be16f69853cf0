#include "server/api/kserve_binary.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace podium::server {

namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian");

tl::unexpected<BadRequest> bad(std::string message) {
  return tl::unexpected(BadRequest{Fault::schema,
                                   {ErrorCode::invalid_argument, std::move(message),
                                    "A text of a binary tensor is its length in 4 bytes, little "
                                    "end first, and its UTF-8."},
                                   "inputs"});
}

std::optional<json::Value> parameter(const json::Value& object, std::string_view key) {
  const auto parameters = object.find("parameters");
  return parameters ? parameters->find(key) : std::nullopt;
}

// Takes a text off the front of `bytes`; nothing if it is not whole.
std::optional<std::string_view> take_text(std::string_view& bytes) {
  std::uint32_t size = 0;
  if (bytes.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, bytes.data(), sizeof size);
  bytes.remove_prefix(sizeof size);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return text;
}

// A tensor with its texts in "data"; `rest` loses its bytes. False if they are not there.
bool write_tensor(json::Writer& out, const json::Value& tensor, std::string_view& rest) {
  const auto member = parameter(tensor, "binary_data_size");
  const auto size = member ? member->as_uint() : std::nullopt;
  if (!size) return out.raw(tensor.to_text()), true;
  if (*size > rest.size()) return false;
  std::string_view bytes = rest.substr(0, *size);
  rest.remove_prefix(*size);
  out.begin_object();
  tensor.for_each_member([&](std::string_view key, const json::Value& value) {
    if (key != "data") out.key(key).raw(value.to_text());
    return true;
  });
  out.key("data").begin_array();
  bool whole = true;
  const auto type = tensor.find("datatype");
  while (whole && !bytes.empty() && type && type->as_string() == "BYTES") {
    const auto text = take_text(bytes);
    whole = text.has_value();
    if (whole) out.value(*text);
  }
  out.end_array().end_object();
  return whole;
}

}  // namespace

Parsed<std::string> inline_tensors(std::string_view body, std::string_view json_length) {
  std::size_t length = 0;
  const char* const end = json_length.data() + json_length.size();
  const auto [stop, error] = std::from_chars(json_length.data(), end, length);
  if (error != std::errc() || stop != end || length > body.size()) {
    return bad(fmt::format("{} is not the length of a part of the body", kJsonLengthHeader));
  }
  auto document = json::Document::parse(body.substr(0, length), "the body");
  if (!document) {
    return tl::unexpected(BadRequest{Fault::not_json, std::move(document).error(), {}});
  }
  std::string_view rest = body.substr(length);
  std::string text;
  json::Writer out(text);
  bool whole = true;
  out.begin_object();
  document->root().for_each_member([&](std::string_view key, const json::Value& value) {
    out.key(key);
    if (key != "inputs" || !value.is_array()) return out.raw(value.to_text()), true;
    out.begin_array();
    value.for_each_element(
        [&](const json::Value& tensor) { return whole = write_tensor(out, tensor, rest); });
    out.end_array();
    return whole;
  });
  out.end_object();
  if (!whole) return bad("a tensor's bytes are not all there");
  return text;
}

bool wants_binary(const json::Value& body) {
  const auto is_true = [](const std::optional<json::Value>& value) {
    return value && value->as_bool() == true;
  };
  bool wanted = is_true(parameter(body, "binary_data_output"));
  if (const auto outputs = body.find("outputs")) {
    outputs->for_each_element([&](const json::Value& output) {
      if (const auto given = parameter(output, "binary_data")) wanted = is_true(given);
      return true;
    });
  }
  return wanted;
}

std::string binary_tensor(std::span<const double> numbers) {
  std::string bytes;
  bytes.reserve(numbers.size() * sizeof(float));
  for (const double number : numbers) {
    const auto single = static_cast<float>(number);
    bytes.append(reinterpret_cast<const char*>(&single), sizeof single);
  }
  return bytes;
}

}  // namespace podium::server
