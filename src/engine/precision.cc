#include "engine/precision.h"

#include "base/hash.h"
#include "engine/certificate.h"
#include "engine/parity_pairs.h"
#include "podium/podium.h"

namespace podium {

namespace {

// Raised when the quantisation or the bounds change: older verdicts say nothing then.
constexpr std::uint64_t kExamination = 2;

std::uint64_t certificate_key(const hub::Checkpoint& checkpoint, const kernels::Kernels& kernels) {
  Hash hash;
  hash.add(checkpoint.fingerprint()).add(kernels.name).add(PODIUM_VERSION).add(kExamination);
  for (const ParityGroup& group : kParityGroups) {
    hash.add(group.query);
    for (const std::string_view document : group.documents) hash.add(document);
  }
  return hash.value();
}

Result<Certificate> examine_int8(EngineOptions options) {
  options.precision = Precision::int8;
  PODIUM_TRY(const Engine fast, Engine::load(options));
  options.precision = Precision::fp32;
  PODIUM_TRY(const Engine exact, Engine::load(options));
  return examine(fast, exact);
}

}  // namespace

Result<PrecisionChoice> choose_precision(const EngineOptions& options,
                                         const hub::Checkpoint& checkpoint,
                                         const kernels::Kernels& kernels) {
  const std::string no_int8 = fmt::format("the {} kernels have no int8 products", kernels.name);
  const bool has_int8 = kernels.gemm_s8 != nullptr;
  switch (options.precision) {
    case Precision::fp32: return PrecisionChoice{};
    case Precision::bf16: return PrecisionChoice{kernels::Precision::bf16, {}};
    case Precision::int8:
      if (has_int8) return PrecisionChoice{kernels::Precision::int8, {}};
      return fail(ErrorCode::unsupported, no_int8, "Leave precision out to let Podium choose.");
    case Precision::automatic: break;
  }
  if (!has_int8) return PrecisionChoice{kernels::Precision::fp32, no_int8};
  const std::uint64_t key = certificate_key(checkpoint, kernels);
  std::optional<Certificate> certificate = kept_certificate(key);
  if (!certificate) {
    PODIUM_TRY(certificate, examine_int8(options));
    keep_certificate(key, *certificate);
  }
  if (certificate->granted) return PrecisionChoice{kernels::Precision::int8, certificate->text};
  return PrecisionChoice{kernels::Precision::fp32, "refused: " + certificate->text};
}

}  // namespace podium
