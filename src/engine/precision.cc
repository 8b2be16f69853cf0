#include "engine/precision.h"

namespace podium {

Result<kernels::Precision> kernel_precision(Precision asked, const kernels::Kernels& kernels) {
  constexpr std::string_view kHint = "Leave precision out to let Podium choose.";
  if (asked == Precision::bf16) {
    return fail(ErrorCode::unsupported, "this build of Podium has no bf16 products",
                std::string(kHint));
  }
  if (asked != Precision::int8) return kernels::Precision::fp32;
  if (kernels.gemm_s8 != nullptr) return kernels::Precision::int8;
  return fail(ErrorCode::unsupported,
              fmt::format("the {} kernels have no int8 products", kernels.name),
              std::string(kHint));
}

}  // namespace podium
