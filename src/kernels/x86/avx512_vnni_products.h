// vpdpbusd and vpdpwssd: four products of bytes, or two of words, added in 32 bits without
// saturation. In an anonymous namespace for the reason that avx512_vectors.h gives.
#pragma once

#include "kernels/x86/avx512_vectors.h"

namespace podium::kernels {

namespace {

struct Avx512VnniS8 : Avx512Bytes {
  static constexpr std::size_t kTileRows = 12;  // 24 sums, 2 of weights, 1 broadcast of 32
  static constexpr int kLevels = 255;
  static constexpr std::int32_t kGroupLimit = 0;

  template <std::size_t kRows, std::size_t kPanel>
  static void step(Sums (&total)[kRows][kTileRegs], const std::uint8_t* a, std::size_t stride,
                   const std::int8_t* w) {
#pragma GCC unroll 4
    for (std::size_t s = 0; s < 4; ++s) {
      const Sums w0 = load(w + s * 4 * kPanel);
      const Sums w1 = load(w + s * 4 * kPanel + 64);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const Sums x = four(a + r * stride + 4 * s);
        total[r][0] = _mm512_dpbusd_epi32(total[r][0], x, w0);
        total[r][1] = _mm512_dpbusd_epi32(total[r][1], x, w1);
      }
    }
  }
};

struct Avx512VnniS16 : Avx512Words {
  static Sums multiply_add(Sums total, Sums x, Sums w) { return _mm512_dpwssd_epi32(total, x, w); }
};

}  // namespace

}  // namespace podium::kernels
