#include <immintrin.h>

#include "kernels/bf16_kernels.h"
#include "kernels/f32_kernels.h"
#include "kernels/s16_attention.h"
#include "kernels/s8_kernels.h"

namespace podium::kernels {

namespace {

struct Avx2 {
  static constexpr std::size_t kWidth = 8;
  static constexpr std::size_t kTileRows = 6;  // 12 sums, 2 panel vectors, 1 broadcast of 16
  using Reg = __m256;

  static __m256i mask(std::size_t count) {
    alignas(32) static constexpr int kOnes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kOnes + 8 - count));
  }
  static Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static Reg load_partial(const float* p, std::size_t count) {
    return _mm256_maskload_ps(p, mask(count));
  }
  static void store(float* p, Reg x) { _mm256_storeu_ps(p, x); }
  static void store_partial(float* p, Reg x, std::size_t count) {
    _mm256_maskstore_ps(p, mask(count), x);
  }
  static Reg set(float x) { return _mm256_set1_ps(x); }
  static Reg first(float x, std::size_t count) {
    return _mm256_and_ps(_mm256_set1_ps(x), _mm256_castsi256_ps(mask(count)));
  }
  static Reg add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
  static Reg sub(Reg a, Reg b) { return _mm256_sub_ps(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm256_mul_ps(a, b); }
  static Reg div(Reg a, Reg b) { return _mm256_div_ps(a, b); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  static Reg max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
  static Reg min(Reg a, Reg b) { return _mm256_min_ps(a, b); }
  static Reg abs(Reg x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static Reg round(Reg x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Reg power_of_2(Reg n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
  }
  static Reg bf16_even(const std::uint16_t* p) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
  }
  static Reg bf16_odd(const std::uint16_t* p) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm256_castsi256_ps(_mm256_and_si256(words, _mm256_set1_epi32(-0x10000)));
  }
  static Reg select_less(Reg a, Reg b, Reg yes, Reg no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }
  static float sum(Reg x) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  static float largest(Reg x) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
};

// vpmaddubsw multiplies unsigned by signed bytes and adds pairs in 16 bits with saturation. Weights
// are packed so that no sum of four such pairs can reach it (PackedS8), which lets four products be
// added in 16 bits before one vpmaddwd widens them: 1.7 times the rate of widening each.
struct Avx2S8 {
  static constexpr std::size_t kLanes = 8;
  static constexpr std::size_t kTileRegs = 2;
  static constexpr std::size_t kTileRows = 3;  // 6 sums, 6 partial sums, 2 of weights, 2 of work
  static constexpr int kLevels = 127;
  static constexpr std::int32_t kGroupLimit = 32767 / kLevels;
  using Sums = __m256i;

  static Sums zero() { return _mm256_setzero_si256(); }
  static Sums load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static Sums load_sums(const std::int32_t* p) { return load(p); }
  static void store_sums(std::int32_t* p, Sums x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
  }
  static Sums four(const std::uint8_t* p) {
    std::int32_t bytes;
    __builtin_memcpy(&bytes, p, sizeof bytes);
    return _mm256_set1_epi32(bytes);
  }

  template <std::size_t kRows, std::size_t kPanel>
  static void step(Sums (&total)[kRows][kTileRegs], const std::uint8_t* a, std::size_t stride,
                   const std::int8_t* w) {
    Sums partial[kRows][kTileRegs];
#pragma GCC unroll 4
    for (std::size_t s = 0; s < 4; ++s) {
      const Sums w0 = load(w + s * 4 * kPanel);
      const Sums w1 = load(w + s * 4 * kPanel + 32);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        const Sums x = four(a + r * stride + 4 * s);
        const Sums p0 = _mm256_maddubs_epi16(x, w0);
        const Sums p1 = _mm256_maddubs_epi16(x, w1);
        partial[r][0] = s == 0 ? p0 : _mm256_add_epi16(partial[r][0], p0);
        partial[r][1] = s == 0 ? p1 : _mm256_add_epi16(partial[r][1], p1);
        // Keeps the compiler from computing all products first, which spills them.
        asm volatile("" : "+x"(partial[r][0]), "+x"(partial[r][1]));
      }
    }
    const Sums ones = _mm256_set1_epi16(1);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      total[r][0] = _mm256_add_epi32(total[r][0], _mm256_madd_epi16(partial[r][0], ones));
      total[r][1] = _mm256_add_epi32(total[r][1], _mm256_madd_epi16(partial[r][1], ones));
    }
  }

  static __m256 centred(const std::int32_t* sums, std::int32_t zero, const std::int32_t* weights) {
    const Sums offset = _mm256_mullo_epi32(_mm256_set1_epi32(zero), load(weights));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(load(sums), offset));
  }

  static void store_bytes(std::uint8_t* out, __m256 x, std::int32_t zero, std::int32_t levels,
                          std::size_t count) {
    Sums value = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(zero));
    value = _mm256_max_epi32(_mm256_min_epi32(value, _mm256_set1_epi32(levels)), Avx2S8::zero());
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
    const auto bytes =
        static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi16(words, words)));
    __builtin_memcpy(out, &bytes, count);
  }
};

struct Avx2S16 {
  static constexpr std::size_t kLanes = 8;
  using Sums = __m256i;

  static Sums zero() { return _mm256_setzero_si256(); }
  static Sums load(const void* p) { return Avx2S8::load(p); }
  static void store(void* p, Sums x) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }
  static Sums pair(const std::int16_t* p) {
    std::int32_t words;
    __builtin_memcpy(&words, p, sizeof words);
    return _mm256_set1_epi32(words);
  }
  static Sums multiply_add(Sums total, Sums x, Sums w) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(x, w));
  }
  static Sums max(Sums a, Sums b) { return _mm256_max_epi32(a, b); }
  static std::int32_t largest(Sums x) {
    __m128i half = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(1, 0, 3, 2)));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(half);
  }
  static __m256 to_float(Sums x) { return _mm256_cvtepi32_ps(x); }
  static __m256 add_exponent(__m256 x, __m256 n) {
    const Sums power = _mm256_slli_epi32(_mm256_castps_si256(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), power));
  }
  static Sums to_pairs(__m256 even, __m256 odd) {
    const Sums low = _mm256_and_si256(_mm256_cvtps_epi32(even), _mm256_set1_epi32(0xFFFF));
    return _mm256_or_si256(low, _mm256_slli_epi32(_mm256_cvtps_epi32(odd), 16));
  }
  static void store_words(std::int16_t* out, __m256 x, std::size_t count) {
    const Sums value = _mm256_cvtps_epi32(x);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
    __builtin_memcpy(out, &words, count * sizeof *out);
  }
};

constexpr Kernels kTable = S16Attention<Avx2S16, Avx2>::add_to(
    S8Kernels<Avx2S8, Avx2>::add_to(Bf16Kernels<Avx2>::add_to(F32Kernels<Avx2>::table("avx2"))));

}  // namespace

const Kernels& avx2() { return kTable; }

}  // namespace podium::kernels
