// AVX-512 with VNNI and BF16 (Cooper Lake, Sapphire Rapids, Zen 4): vdpbf16ps adds the products of
// two pairs of bf16 to a float.
#include "kernels/x86/avx512_vnni_products.h"

namespace podium::kernels {

namespace {

// c = a * w^T + bias: activations are rounded to words first, then a tile of kTileRows x 2
// registers of sums runs over the pairs. A row's sums do not depend on the rows beside it.
struct Bf16Products {
  static constexpr std::size_t kWidth = Avx512::kWidth;
  static constexpr std::size_t kPanel = 2 * kWidth;
  using F = F32Kernels<Avx512>;

  static void to_words(const float* x, std::size_t count, std::uint16_t* out) {
    F::over_row(count, [&](std::size_t i, std::size_t here) {
      const auto words = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(F::load(x + i, here)));
      _mm256_mask_storeu_epi16(out + i, Avx512::mask(here), words);
    });
    if (count % 2 != 0) out[count] = 0;
  }

  template <std::size_t kRows>
  static void tile(const std::uint16_t* a, std::size_t depth, const std::uint16_t* w,
                   const float* bias, float* c, std::size_t ldc, std::size_t cols) {
    __m512 total[kRows][2];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) total[r][0] = total[r][1] = _mm512_setzero_ps();
    for (std::size_t i = 0; i < depth; i += 2, w += 2 * kPanel) {
      const auto w0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(w));
      const auto w1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(w + kPanel));
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        std::int32_t pair;
        __builtin_memcpy(&pair, a + r * depth + i, sizeof pair);
        const auto x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
        total[r][0] = _mm512_dpbf16_ps(total[r][0], x, w0);
        total[r][1] = _mm512_dpbf16_ps(total[r][1], x, w1);
      }
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      F::store_pair(c + r * ldc, _mm512_add_ps(total[r][0], _mm512_loadu_ps(bias)),
                    _mm512_add_ps(total[r][1], _mm512_loadu_ps(bias + kWidth)), cols);
    }
  }

  template <std::size_t kRows>
  static void some_rows(const std::uint16_t* a, std::size_t depth, std::size_t rows,
                        const std::uint16_t* w, const float* bias, float* c, std::size_t ldc,
                        std::size_t cols) {
    for (; rows >= kRows; rows -= kRows, a += kRows * depth, c += kRows * ldc) {
      tile<kRows>(a, depth, w, bias, c, ldc, cols);
    }
    if constexpr (kRows > 1) {
      if (rows > 0) some_rows<kRows - 1>(a, depth, rows, w, bias, c, ldc, cols);
    }
  }

  static void gemm(const float* a, std::size_t lda, std::size_t rows, const PackedBf16& w, float* c,
                   std::size_t ldc, float* scratch) {
    const std::size_t depth = F::round_up(w.k, 2);
    auto* words = reinterpret_cast<std::uint16_t*>(scratch);
    for (std::size_t row = 0; row < rows; ++row) to_words(a + row * lda, w.k, words + row * depth);
    for (std::size_t col = 0; col < w.n; col += kPanel) {
      some_rows<Avx512::kTileRows>(words, depth, rows, w.data.data() + col * depth,
                                   w.bias.data() + col, c + col, ldc, w.n - col);
    }
  }

  static constexpr Kernels add_to(Kernels table) {
    table.gemm_bf16 = &gemm;
    return table;
  }
};

constexpr Kernels kTable = Bf16Products::add_to(S16Attention<Avx512VnniS16, Avx512>::add_to(
    S8Kernels<Avx512VnniS8, Avx512>::add_to(F32Kernels<Avx512>::table("avx512_bf16"))));

}  // namespace

const Kernels& avx512_bf16() { return kTable; }

}  // namespace podium::kernels
