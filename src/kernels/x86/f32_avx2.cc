#include <immintrin.h>

#include "kernels/f32_kernels.h"

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
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  static Reg max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
  static Reg abs(Reg x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static Reg round(Reg x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Reg power_of_2(Reg n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
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

constexpr Kernels kTable = F32Kernels<Avx2>::table("avx2");

}  // namespace

const Kernels& avx2() { return kTable; }

}  // namespace podium::kernels
