// Reader of the safetensors format: 8 bytes little-endian header length, a JSON header, tensor
// data. Format: https://huggingface.co/docs/safetensors (metadata parsing).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "hub/checkpoint.h"

namespace podium::hub {

// The largest header that the format's own reader takes.
inline constexpr std::size_t kMaxSafetensorsHeader = 100'000'000;

struct SafetensorsFile {
  json::Document header;            // owns the names
  std::vector<TensorView> tensors;  // in the order of their bytes; views into the file
};

// Reads a file held in memory; `what` names it in errors. Refuses: a short file, a header that is
// too large, not JSON or not an object; repeated names; unknown types; a shape whose size differs
// from the bytes; offsets outside the file, overlapping, or leaving bytes unused.
Result<SafetensorsFile> read_safetensors(std::span<const std::byte> file, std::string_view what);

}  // namespace podium::hub
