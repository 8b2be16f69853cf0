// Any bytes as a safetensors file: an error, or tensors that all lie inside it.
#include <cstddef>
#include <cstdint>
#include <span>

#include "hub/matrix.h"
#include "hub/safetensors.h"

namespace {

namespace hub = podium::hub;

void touch(const hub::TensorView& tensor) {
  if (tensor.elements() * hub::size_of(tensor.dtype) != tensor.bytes.size()) __builtin_trap();
  if (tensor.bytes.empty() || tensor.shape.empty()) return;
  [[maybe_unused]] volatile std::byte sink = tensor.bytes.front();
  sink = tensor.bytes.back();
  // As the model room reads it, also where config.json asks for less or more than there is.
  const std::size_t rows = tensor.shape.size() == 2 ? tensor.shape[0] : 1;
  for (const std::size_t cols : {tensor.shape.back(), tensor.shape.back() / 18 * 32}) {
    const auto matrix = hub::as_matrix(tensor, rows, cols);
    if (matrix) static_cast<void>(hub::check_finite(*matrix));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = hub::read_safetensors(std::as_bytes(std::span(data, size)), "input");
  if (!file) return 0;
  for (const hub::TensorView& tensor : file->tensors) touch(tensor);
  return 0;
}
