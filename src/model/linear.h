// A linear layer, packed for the kernels in the precision it was loaded in.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"

namespace podium::model {

// y = epilogue(x W^T + b). In int8 the rows of x are quantised on the way in, each by its own
// range.
class Linear {
 public:
  Linear() = default;
  explicit Linear(kernels::PackedF32 packed) : f32_(std::move(packed)) {}
  explicit Linear(kernels::PackedBf16 packed) : bf16_(std::move(packed)) {}
  Linear(kernels::PackedS8 packed, AlignedBuffer<std::byte> bytes)
      : s8_(packed), bytes_(bytes.size()), owned_(std::move(bytes)) {}
  Linear(kernels::PackedS8 mapped, std::size_t bytes) : s8_(mapped), bytes_(bytes) {}

  // x: [rows, k], ldx floats from row to row; y: [rows, n], ldy. scratch: scratch_floats(rows, k).
  void apply(const kernels::Kernels& kernels, const float* x, std::size_t ldx, std::size_t rows,
             float* y, std::size_t ldy, float* scratch,
             kernels::Epilogue epilogue = kernels::Epilogue::none) const;

  // What apply() needs in any precision.
  static std::size_t scratch_floats(std::size_t rows, std::size_t k);

  std::size_t bytes() const { return f32_.bytes() + bf16_.bytes() + bytes_; }
  std::span<const std::byte> packed_s8() const {
    return {reinterpret_cast<const std::byte*>(s8_.values), bytes_};
  }

 private:
  kernels::PackedF32 f32_;
  kernels::PackedBf16 bf16_;
  kernels::PackedS8 s8_;
  std::size_t bytes_ = 0;
  AlignedBuffer<std::byte> owned_;  // what s8_ looks at, unless it is mapped
};

}  // namespace podium::model
