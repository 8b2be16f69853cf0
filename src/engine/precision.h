// Which precision a model runs in: what was asked for, or the fastest that ranks like fp32.
#pragma once

#include <string>

#include "hub/checkpoint.h"
#include "kernels/kernels.h"
#include "podium/options.h"

namespace podium {

struct PrecisionChoice {
  kernels::Precision precision = kernels::Precision::fp32;
  std::string certificate;  // why automatic precision chose it; empty if it was asked for
};

// Settles the precision for a model. Automatic precision that finds no certificate of an earlier
// run loads the model in both precisions, compares, and keeps the verdict. Errors: this machine or
// this build has no products of the precision asked for.
Result<PrecisionChoice> choose_precision(const EngineOptions& options,
                                         const hub::Checkpoint& checkpoint,
                                         const kernels::Kernels& kernels);

}  // namespace podium
