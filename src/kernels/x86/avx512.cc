// AVX-512 without VNNI (Skylake-X): int8 products as in avx2.cc, twice as wide.
#include "kernels/x86/avx512_vectors.h"

namespace podium::kernels {

namespace {

struct Avx512S8 : Avx512Bytes {
  static constexpr std::size_t kTileRows = 6;  // 12 sums, 12 partial sums, 2 of weights of 32
  static constexpr int kLevels = 127;
  static constexpr std::int32_t kGroupLimit = 32767 / kLevels;

  template <std::size_t kRows, std::size_t kPanel>
  static void step(Sums (&total)[kRows][kTileRegs], const std::uint8_t* a, std::size_t stride,
                   const std::int8_t* w) {
    Sums partial[kRows][kTileRegs];
#pragma GCC unroll 4
    for (std::size_t s = 0; s < 4; ++s) {
      const Sums w0 = load(w + s * 4 * kPanel);
      const Sums w1 = load(w + s * 4 * kPanel + 64);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        const Sums x = four(a + r * stride + 4 * s);
        const Sums p0 = _mm512_maddubs_epi16(x, w0);
        const Sums p1 = _mm512_maddubs_epi16(x, w1);
        partial[r][0] = s == 0 ? p0 : _mm512_add_epi16(partial[r][0], p0);
        partial[r][1] = s == 0 ? p1 : _mm512_add_epi16(partial[r][1], p1);
        // Keeps the compiler from computing all products first, which spills them.
        asm volatile("" : "+v"(partial[r][0]), "+v"(partial[r][1]));
      }
    }
    const Sums ones = _mm512_set1_epi16(1);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      total[r][0] = _mm512_add_epi32(total[r][0], _mm512_madd_epi16(partial[r][0], ones));
      total[r][1] = _mm512_add_epi32(total[r][1], _mm512_madd_epi16(partial[r][1], ones));
    }
  }
};

struct Avx512S16 : Avx512Words {
  static Sums multiply_add(Sums total, Sums x, Sums w) {
    return _mm512_add_epi32(total, _mm512_madd_epi16(x, w));
  }
};

constexpr Kernels kTable =
    S16Attention<Avx512S16, Avx512>::add_to(S8Kernels<Avx512S8, Avx512>::add_to(
        Bf16Kernels<Avx512>::add_to(F32Kernels<Avx512>::table("avx512"))));

}  // namespace

const Kernels& avx512() { return kTable; }

}  // namespace podium::kernels
