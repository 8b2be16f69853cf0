// Whether a fast precision may be used: it must rank the built-in pairs as fp32 does. The verdict
// is kept in the cache folder, so a model is examined once per version, kernels and machine type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "podium/engine.h"

namespace podium {

struct Certificate {
  bool granted = false;
  std::string text;  // what was compared, what came out, against which bounds
};

// Ranks the built-in pairs with both.
Result<Certificate> examine(const Engine& fast, const Engine& exact);

std::optional<Certificate> kept_certificate(std::uint64_t key);
void keep_certificate(std::uint64_t key, const Certificate& certificate);

}  // namespace podium
