// Amounts as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace podium::cli {

std::string bytes_text(std::uint64_t bytes);   // "88.4 MiB"
std::string count_text(std::uint64_t number);  // "117,653,760"

}  // namespace podium::cli
