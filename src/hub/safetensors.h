// Reader of the safetensors format: 8 bytes little-endian header length, a JSON header, tensor data.
// Format: https://huggingface.co/docs/safetensors (metadata parsing).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "hub/checkpoint.h"

namespace podium::hub {

// The header as the format's own reader limits it.
inline constexpr std::size_t kMaxSafetensorsHeader = 100'000'000;

// The tensors of one file, in the order of their offsets; views and names point into `file` or into
// `names`, which owns those that the JSON escapes. `what` names the file in errors. Refuses: a short
// file, a header that is too large, not JSON or not an object; repeated names; unknown types; a
// shape whose size differs from the bytes; offsets outside the file, overlapping, or leaving gaps.
struct SafetensorsFile {
  std::vector<TensorView> tensors;
};
Result<SafetensorsFile> read_safetensors(std::span<const std::byte> file, std::string_view what,
                                         std::vector<std::unique_ptr<std::string>>& names);

}  // namespace podium::hub
