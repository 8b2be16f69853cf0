#include <cstdlib>

#include "kernels/kernels.h"

namespace podium::kernels {

namespace {

#if defined(__x86_64__)
// __builtin_cpu_supports also asks the operating system whether it saves the wider registers.
std::string missing_for_avx512() {
  if (!__builtin_cpu_supports("avx512f")) return "avx512f";
  if (!__builtin_cpu_supports("avx512bw")) return "avx512bw";
  if (!__builtin_cpu_supports("avx512vl")) return "avx512vl";
  if (!__builtin_cpu_supports("avx512dq")) return "avx512dq";
  return {};
}

std::string missing_for_avx512_vnni() {
  const std::string missing = missing_for_avx512();
  return missing.empty() && !__builtin_cpu_supports("avx512vnni") ? "avx512vnni" : missing;
}

std::string missing_for_avx512_bf16() {
  const std::string missing = missing_for_avx512_vnni();
  return missing.empty() && !__builtin_cpu_supports("avx512bf16") ? "avx512bf16" : missing;
}

std::string missing_for_avx2() {
  if (!__builtin_cpu_supports("avx2")) return "avx2";
  if (!__builtin_cpu_supports("fma")) return "fma";
  return {};
}

Candidate candidate(const Kernels& kernels, const std::string& missing) {
  if (missing.empty()) return {&kernels, true, {}};
  return {&kernels, false, fmt::format("this CPU has no {}", missing)};
}
#endif

std::string known_names() {
  std::string names;
  for (const Candidate& c : candidates()) {
    if (!names.empty()) names += ", ";
    names += c.kernels->name;
  }
  return names;
}

}  // namespace

std::vector<Candidate> candidates() {
  std::vector<Candidate> list;
#if defined(__x86_64__)
  list.push_back(candidate(avx512_bf16(), missing_for_avx512_bf16()));
  list.push_back(candidate(avx512_vnni(), missing_for_avx512_vnni()));
  list.push_back(candidate(avx512(), missing_for_avx512()));
  list.push_back(candidate(avx2(), missing_for_avx2()));
#endif
  list.push_back({&portable(), true, {}});
  list.push_back({&reference(), true, {}});
  return list;
}

Result<const Kernels*> choose() {
  const char* forced = std::getenv("PODIUM_ISA");
  for (const Candidate& c : candidates()) {
    if (forced == nullptr || *forced == '\0') {
      if (c.available) return c.kernels;
    } else if (c.kernels->name == forced) {
      if (c.available) return c.kernels;
      return fail(ErrorCode::unsupported,
                  fmt::format("PODIUM_ISA={} cannot be used: {}", forced, c.reason),
                  "Unset PODIUM_ISA to let Podium choose.");
    }
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("PODIUM_ISA={} names no known kernels", forced),
              fmt::format("Known: {}.", known_names()));
}

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::fp32: return "fp32";
    case Precision::bf16: return "bf16";
    case Precision::int8: return "int8";
  }
  return "fp32";
}

std::vector<std::string> cpu_features() {
  std::vector<std::string> features;
#if defined(__x86_64__)
#define PODIUM_FEATURE(name) \
  if (__builtin_cpu_supports(name)) features.emplace_back(name)
  PODIUM_FEATURE("avx2");
  PODIUM_FEATURE("fma");
  PODIUM_FEATURE("avx512f");
  PODIUM_FEATURE("avx512bw");
  PODIUM_FEATURE("avx512vl");
  PODIUM_FEATURE("avx512dq");
  PODIUM_FEATURE("avx512vnni");
  PODIUM_FEATURE("avx512bf16");
#undef PODIUM_FEATURE
#endif
  return features;
}

}  // namespace podium::kernels
