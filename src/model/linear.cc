#include "model/linear.h"

#include <algorithm>

#include "base/profile.h"

namespace podium::model {

namespace {

std::size_t stride_of(std::size_t k) {
  return (k + kernels::kPackedS8Step - 1) / kernels::kPackedS8Step * kernels::kPackedS8Step;
}

}  // namespace

std::size_t Linear::scratch_floats(std::size_t rows, std::size_t k) {
  constexpr std::size_t kScale = sizeof(kernels::RowScale) / sizeof(float);
  const std::size_t int8 = stride_of(k) / sizeof(float) + kScale;
  return rows * std::max(int8, (k + 1) / 2);
}

void Linear::apply(const kernels::Kernels& kernels, const float* x, std::size_t ldx,
                   std::size_t rows, float* y, std::size_t ldy, float* scratch,
                   kernels::Epilogue epilogue) const {
  const profile::Scope scope(profile::Stage::products);
  if (s8_.values == nullptr) {
    if (bf16_.n > 0) {
      kernels.gemm_bf16(x, ldx, rows, bf16_, y, ldy, scratch);
    } else {
      kernels.gemm_f32(x, ldx, rows, f32_, y, ldy);
    }
    if (epilogue == kernels::Epilogue::none) return;
    const std::size_t n = std::max(bf16_.n, f32_.n);
    for (std::size_t row = 0; row < rows; ++row) kernels.gelu_f32(y + row * ldy, n);
    return;
  }
  auto* values = reinterpret_cast<std::uint8_t*>(scratch);
  const std::size_t stride = stride_of(s8_.k);
  auto* scales = reinterpret_cast<kernels::RowScale*>(values + rows * stride);
  kernels.quantize_u8(x, ldx, rows, s8_.k, kernels.levels_u8, values, stride, scales);
  kernels.gemm_s8({values, scales, stride, rows}, s8_, epilogue, y, ldy);
}

}  // namespace podium::model
