// What this machine offers and what Podium made of it; for `podium doctor` and status pages.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace podium {

// One set of kernels, best first, ending in the scalar reference.
struct KernelSet {
  std::string name;  // "avx512", "avx2", "reference"
  bool available = false;
  bool chosen = false;
  std::string reason;  // why it was chosen, or why not: "this CPU has no AVX-512"
};

// What a precision runs on here; `reason` says how, or why not, or why not better.
struct PrecisionSupport {
  std::string name;  // "fp32", "bf16", "int8"
  bool available = false;
  std::string reason;
};

struct SystemInfo {
  std::string cpu;                    // as the operating system names it
  std::vector<std::string> features;  // instruction sets that matter here, e.g. "avx512_vnni"
  int cpus_online = 0;
  int cpus_usable = 0;  // after affinity and cgroup limits
  std::uint64_t memory_bytes = 0;
  std::vector<KernelSet> kernels;
  std::vector<PrecisionSupport> precisions;                    // of the kernels chosen
  std::vector<std::pair<std::string, std::string>> libraries;  // name, version
};

SystemInfo system_info();

}  // namespace podium
