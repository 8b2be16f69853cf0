// Facts as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "podium/engine.h"

namespace podium::cli {

std::string bytes_text(std::uint64_t bytes);   // "88.4 MiB"
std::string count_text(std::uint64_t number);  // "117,653,760"

// Says on standard error that automatic precision fell back to fp32, and why; silent if it did not.
void warn_of_fallback(const ModelInfo& info);

}  // namespace podium::cli
