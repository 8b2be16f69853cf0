#include "podium/system.h"

#include <fmt/core.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/cpu_count.h"
#include "base/json.h"
#include "kernels/kernels.h"

namespace podium {

namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const auto colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::uint64_t memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
             : 0;
}

std::vector<KernelSet> kernel_sets() {
  const auto chosen = kernels::choose();
  std::vector<KernelSet> sets;
  for (const kernels::Candidate& candidate : kernels::candidates()) {
    const bool is_chosen = chosen && *chosen == candidate.kernels;
    std::string reason = candidate.reason;
    if (is_chosen) {
      reason = "the best that this CPU has, or what PODIUM_ISA asks for";
    } else if (candidate.available) {
      reason = "usable here, but slower or not asked for";
    }
    sets.push_back({std::string(candidate.kernels->name), candidate.available, is_chosen, reason});
  }
  return sets;
}

// Why the set of that name is not the one in use.
std::string without(std::string_view name) {
  for (const kernels::Candidate& candidate : kernels::candidates()) {
    if (candidate.kernels->name == name && !candidate.available) return candidate.reason;
  }
  return fmt::format("the {} kernels are not in use", name);
}

std::vector<PrecisionSupport> precisions() {
  const auto chosen = kernels::choose();
  if (!chosen) return {};
  const kernels::Kernels& kernels = **chosen;
  std::string bf16 = "weights and activations in bf16, sums in fp32";
  if (kernels.name != "avx512_bf16") {
    bf16 = fmt::format("weights in bf16, arithmetic in fp32: {}", without("avx512_bf16"));
  }
  std::string int8 = fmt::format("the {} kernels have no int8 products", kernels.name);
  if (kernels.gemm_s8 != nullptr) {
    int8 = "bytes, summed exactly in 32 bits";
    if (kernels.group_limit_s8 > 0) {
      int8 = fmt::format("bytes, activations in {} steps, summed exactly in 16 and 32 bits: {}",
                         kernels.levels_u8, without("avx512_vnni"));
    }
  }
  return {{"fp32", true, "fused multiply-adds in fp32"},
          {"bf16", true, bf16},
          {"int8", kernels.gemm_s8 != nullptr, int8}};
}

}  // namespace

SystemInfo system_info() {
  SystemInfo info;
  info.cpu = cpu_name();
  info.features = kernels::cpu_features();
  info.cpus_online = static_cast<int>(std::thread::hardware_concurrency());
  info.cpus_usable = usable_cpus();
  info.memory_bytes = memory_bytes();
  info.kernels = kernel_sets();
  info.precisions = precisions();
  info.libraries = {{"simdjson", json::parser_version()},
                    {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
                                        FMT_VERSION % 100)}};
  return info;
}

}  // namespace podium
