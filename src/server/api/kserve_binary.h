// KServe's binary tensor extension: a body is JSON, as long as a header says, and after it what its
// tensors hold. Triton's clients send this unless told otherwise.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/api/dialect.h"

namespace podium::server {

// The name of the header with the JSON's length in bytes.
inline constexpr std::string_view kJsonLengthHeader = "Inference-Header-Content-Length";

// The body as the JSON alone that says the same: texts of BYTES tensors stand in their "data".
// `json_length` is the header's value. Fails if a tensor reaches past the body.
Parsed<std::string> inline_tensors(std::string_view body, std::string_view json_length);

// Whether the outputs are asked for as bytes.
bool wants_binary(const json::Value& body);

// The bytes of an FP32 tensor.
std::string binary_tensor(std::span<const double> numbers);

}  // namespace podium::server
