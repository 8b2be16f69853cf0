// AVX-512 with VNNI (Ice Lake, Zen 4): vpdpbusd adds four products in 32 bits, without saturation.
#include "kernels/x86/avx512_vnni_products.h"

namespace podium::kernels {

namespace {

constexpr Kernels kTable =
    S16Attention<Avx512VnniS16, Avx512>::add_to(S8Kernels<Avx512VnniS8, Avx512>::add_to(
        Bf16Kernels<Avx512>::add_to(F32Kernels<Avx512>::table("avx512_vnni"))));

}  // namespace

const Kernels& avx512_vnni() { return kTable; }

}  // namespace podium::kernels
