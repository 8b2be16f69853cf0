// Which precision a model runs in: what was asked for, or the fastest that ranks like fp32.
#pragma once

#include "kernels/kernels.h"
#include "podium/engine.h"

namespace podium {

// What the kernels run for an option; `automatic` is settled before. Errors: this machine or this
// build has no products of that precision.
Result<kernels::Precision> kernel_precision(Precision asked, const kernels::Kernels& kernels);

}  // namespace podium
