#include "cli/facts.h"

#include <fmt/format.h>

#include <array>

namespace podium::cli {

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.{}f} {}", amount, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string count_text(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

void warn_of_fallback(const ModelInfo& info) {
  if (!info.certificate.starts_with("refused")) return;
  fmt::print(stderr, "podium: {} runs in {}: int8 was {}\n", info.name, info.precision,
             info.certificate);
}

}  // namespace podium::cli
