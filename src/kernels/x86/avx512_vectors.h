// The vector types of the AVX-512 sets. In an anonymous namespace: every file that includes this is
// compiled for another CPU and must keep its own copies.
#pragma once

#include <immintrin.h>

#include "kernels/bf16_kernels.h"
#include "kernels/f32_kernels.h"
#include "kernels/s16_attention.h"
#include "kernels/s8_kernels.h"

namespace podium::kernels {

namespace {

struct Avx512 {
  static constexpr std::size_t kWidth = 16;
  static constexpr std::size_t kTileRows = 12;  // 24 sums, 2 panel vectors, 1 broadcast of 32
  using Reg = __m512;

  static __mmask16 mask(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1U); }
  static Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static Reg load_partial(const float* p, std::size_t count) {
    return _mm512_maskz_loadu_ps(mask(count), p);
  }
  static void store(float* p, Reg x) { _mm512_storeu_ps(p, x); }
  static void store_partial(float* p, Reg x, std::size_t count) {
    _mm512_mask_storeu_ps(p, mask(count), x);
  }
  static Reg set(float x) { return _mm512_set1_ps(x); }
  static Reg first(float x, std::size_t count) {
    return _mm512_maskz_mov_ps(mask(count), _mm512_set1_ps(x));
  }
  static Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  static Reg sub(Reg a, Reg b) { return _mm512_sub_ps(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  static Reg div(Reg a, Reg b) { return _mm512_div_ps(a, b); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  static Reg max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
  static Reg min(Reg a, Reg b) { return _mm512_min_ps(a, b); }
  static Reg abs(Reg x) { return _mm512_abs_ps(x); }
  static Reg round(Reg x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Reg power_of_2(Reg n) {
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
  }
  static Reg bf16_even(const std::uint16_t* p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
  }
  static Reg bf16_odd(const std::uint16_t* p) {
    const __m512i high = _mm512_set1_epi32(-0x10000);
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), high));
  }
  static Reg select_less(Reg a, Reg b, Reg yes, Reg no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
  }
  static float sum(Reg x) { return _mm512_reduce_add_ps(x); }
  static float largest(Reg x) { return _mm512_reduce_max_ps(x); }
};

// What all int8 products share; the sets add kTileRows, kLevels, kGroupLimit and step.
struct Avx512Bytes {
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kTileRegs = 2;
  using Sums = __m512i;

  static Sums zero() { return _mm512_setzero_si512(); }
  static Sums load(const void* p) { return _mm512_loadu_si512(p); }
  static Sums load_sums(const std::int32_t* p) { return load(p); }
  static void store_sums(std::int32_t* p, Sums x) { _mm512_storeu_si512(p, x); }
  static Sums four(const std::uint8_t* p) {
    std::int32_t bytes;
    __builtin_memcpy(&bytes, p, sizeof bytes);
    return _mm512_set1_epi32(bytes);
  }
  static __m512 centred(const std::int32_t* sums, std::int32_t zero, const std::int32_t* weights) {
    const Sums offset = _mm512_mullo_epi32(_mm512_set1_epi32(zero), load(weights));
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(load(sums), offset));
  }
  static void store_bytes(std::uint8_t* out, __m512 x, std::int32_t zero, std::int32_t levels,
                          std::size_t count) {
    Sums value = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(zero));
    value = _mm512_max_epi32(_mm512_min_epi32(value, _mm512_set1_epi32(levels)),
                             _mm512_setzero_si512());
    _mm512_mask_cvtepi32_storeu_epi8(out, Avx512::mask(count), value);
  }
};

// What all sets need to attend in words; they add multiply_add.
struct Avx512Words {
  static constexpr std::size_t kLanes = 16;
  using Sums = __m512i;

  static Sums zero() { return _mm512_setzero_si512(); }
  static Sums load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(void* p, Sums x) { _mm512_storeu_si512(p, x); }
  static Sums pair(const std::int16_t* p) {
    std::int32_t words;
    __builtin_memcpy(&words, p, sizeof words);
    return _mm512_set1_epi32(words);
  }
  static Sums max(Sums a, Sums b) { return _mm512_max_epi32(a, b); }
  static std::int32_t largest(Sums x) { return _mm512_reduce_max_epi32(x); }
  static __m512 to_float(Sums x) { return _mm512_cvtepi32_ps(x); }
  static __m512 add_exponent(__m512 x, __m512 n) {
    const Sums power = _mm512_slli_epi32(_mm512_castps_si512(n), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), power));
  }
  static Sums to_pairs(__m512 even, __m512 odd) {
    const Sums low = _mm512_and_si512(_mm512_cvtps_epi32(even), _mm512_set1_epi32(0xFFFF));
    return _mm512_or_si512(low, _mm512_slli_epi32(_mm512_cvtps_epi32(odd), 16));
  }
  static void store_words(std::int16_t* out, __m512 x, std::size_t count) {
    _mm512_mask_cvtsepi32_storeu_epi16(out, Avx512::mask(count), _mm512_cvtps_epi32(x));
  }
};

}  // namespace

}  // namespace podium::kernels
