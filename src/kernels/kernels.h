// The numbers room: a table of functions on pointers, sizes and strides, filled once per
// instruction set. No model, no string, no allocation, no thread: callers cut the work and own the
// memory.
//
// Every function computes a row from that row's own inputs in a fixed order of operations, so a
// row's result is the same to the bit whatever rows stand beside it and however the rows are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/error.h"

namespace podium::kernels {

// A weight matrix [n, k] (n outputs) packed for `gemm_f32`: panels of `panel` outputs, in each
// panel the k steps one after the other, in each step the panel's outputs side by side; the last
// panel is filled up with zeros. `bias` is filled up the same way.
struct PackedF32 {
  std::size_t n = 0;
  std::size_t k = 0;
  std::size_t panel = 0;
  AlignedBuffer<float> data;
  AlignedBuffer<float> bias;
  std::size_t bytes() const { return data.bytes() + bias.bytes(); }
};

// A weight matrix [n, k] in bf16, packed for `gemm_bf16`: panels of `panel` outputs, in each the k
// steps in pairs, in each pair the two words of every output side by side. n is filled up to whole
// panels, k to whole pairs, with zeros.
struct PackedBf16 {
  std::size_t n = 0;
  std::size_t k = 0;
  std::size_t panel = 0;
  AlignedBuffer<std::uint16_t> data;
  AlignedBuffer<float> bias;
  std::size_t bytes() const { return data.bytes() + bias.bytes(); }
};

// Rows of activations in bytes: x = scale * (byte - zero), with the scale and zero of the row. Rows
// are `stride` bytes apart, the bytes beyond a row's k are zero.
struct RowScale {
  float scale = 0;
  std::int32_t zero = 0;
};
struct QuantizedRows {
  const std::uint8_t* values = nullptr;
  const RowScale* scales = nullptr;
  std::size_t stride = 0;  // k up to a multiple of kPackedS8Step
  std::size_t rows = 0;
};

// A weight matrix [n, k] in signed bytes, packed for `gemm_s8`: w[o, i] = scales[o] * byte. Panels
// of `panel` outputs; in each panel the k steps of four one after the other, in each step four
// bytes of every output. k is filled up to `depth`, n to whole panels, with zeros.
//
// `sums` are the outputs' sums of bytes, which centre the activations. Where sums of products wait
// in 16 bits (AVX2), the positive and the negative bytes that meet in one lane, 8 of a step of 16,
// stay within Kernels::group_limit_s8, so that no activation can make them saturate.
inline constexpr std::size_t kPackedS8Step = 16;
struct PackedS8 {
  std::size_t n = 0;
  std::size_t k = 0;
  std::size_t depth = 0;
  std::size_t panel = 0;
  const std::int8_t* values = nullptr;
  const float* scales = nullptr;
  const std::int32_t* sums = nullptr;
  const float* bias = nullptr;
};

// What gemm_s8 does to its result. `gelu` is within 1.3e-4 of the exact form, which is far below
// the steps the result is quantised in next: x/2 (1 + t), t = min(|x|, 4) sgn(x) p(x^2) with the
// terms of p below (scripts/fit_vector_math.py).
enum class Epilogue { none, gelu };
inline constexpr float kNormalCdfEnd = 4;
inline constexpr float kNormalCdf[] = {0.7964447736740112F,     -0.13024473190307617F,
                                       0.01814306527376175F,    -0.0017819356871768832F,
                                       0.00011703347990987822F, -4.78778292745119e-06F,
                                       1.0756937030009794e-07F, -9.783048815492634e-10F};

// What a head adds to q.k by the distance of query and key, besides or instead of a position in the
// states (DeBERTa's disentangled attention; He et al. 2021, arXiv 2006.03654). `index` points at
// the class of distance 0; a query at position i and a key at j are of class c = index[i - j], and
// query_terms[i][c] + key_terms[j][c] is added before scaling. Rows of the terms are `classes`
// wide.
struct RelativeTerms {
  const std::int32_t* index = nullptr;
  const float* query_terms = nullptr;  // null: no terms
  const float* key_terms = nullptr;
  std::size_t classes = 0;
};

inline constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

// One attention head of one sequence. q, k, v point at the head's first column of the sequence's
// first row; rows are `stride` floats apart. The result overwrites q. Only the first `queries` rows
// of q are read and written (all rows: queries == length).
struct AttentionHead {
  float* q = nullptr;
  const float* k = nullptr;
  const float* v = nullptr;
  std::size_t stride = 0;
  std::size_t query_stride = 0;
  std::size_t length = 0;  // keys, those of the prefix included
  std::size_t queries = 0;
  std::size_t head_dim = 0;
  float scale = 1;  // of q.k before the softmax

  // Keys that stand before k[0] and v[0] and are kept elsewhere.
  const float* prefix_k = nullptr;
  const float* prefix_v = nullptr;
  std::size_t prefix_stride = 0;
  std::size_t prefix_length = 0;

  // Query r is the key at first_query + r, and sees as many keys to its left and right.
  std::size_t first_query = 0;
  std::size_t left = kUnlimited;
  std::size_t right = kUnlimited;

  // Added to a scaled q.k: distance_bias[j - i]; points at distance 0; may be null.
  const float* distance_bias = nullptr;
  RelativeTerms relative;
};

// What the matrix products of a network run in.
enum class Precision { fp32, bf16, int8 };
std::string_view to_string(Precision precision);

using Attention = void (*)(const AttentionHead& head, float* scratch);

struct Kernels {
  std::string_view name;
  std::size_t panel_f32 = 0;  // PackedF32::panel these kernels read
  std::size_t row_tile = 0;   // rows computed together; cut row blocks at multiples of it

  // c[rows, n] = a[rows, k] * w^T + bias. lda, ldc: floats from row to row.
  void (*gemm_f32)(const float* a, std::size_t lda, std::size_t rows, const PackedF32& w, float* c,
                   std::size_t ldc) = nullptr;

  // The same with weights in bf16. Where the CPU multiplies pairs of bf16 (avx512_bf16), `a` is
  // rounded to bf16 as well; elsewhere the arithmetic is that of gemm_f32. scratch: rows * (k + 1)
  // / 2 floats.
  void (*gemm_bf16)(const float* a, std::size_t lda, std::size_t rows, const PackedBf16& w,
                    float* c, std::size_t ldc, float* scratch) = nullptr;

  // c[rows, n] = epilogue(a * w^T + bias): the products summed exactly, then one multiply-add in
  // float. Null where the set has no int8 products.
  void (*gemm_s8)(const QuantizedRows& a, const PackedS8& w, Epilogue epilogue, float* c,
                  std::size_t ldc) = nullptr;

  // Each row's range, zero included, in `levels` equal steps of bytes. values: rows of `stride`
  // bytes.
  void (*quantize_u8)(const float* x, std::size_t ldx, std::size_t rows, std::size_t k, int levels,
                      std::uint8_t* values, std::size_t stride, RowScale* scales) = nullptr;
  std::size_t panel_s8 = 0;         // PackedS8::panel these kernels read
  int levels_u8 = 0;                // the largest activation gemm_s8 takes
  std::int32_t group_limit_s8 = 0;  // see PackedS8; 0: none

  // x = exp(x), x <= 88, within 2 ulp, and zero below -87.3; x = erf(x) within 4 ulp. What softmax
  // and gelu are made of.
  void (*exp_f32)(float* x, std::size_t count) = nullptr;
  void (*erf_f32)(float* x, std::size_t count) = nullptr;

  // x = gelu(x) = x/2 (1 + erf(x/sqrt 2)), the exact form (Hendrycks & Gimpel 2016, arXiv
  // 1606.08415).
  void (*gelu_f32)(float* x, std::size_t count) = nullptr;

  // out[r] = layer_norm(x[r] + residual[r]) * gamma + beta, row by row (Ba et al. 2016, arXiv
  // 1607.06450). residual may be null; out may be x or residual; x is scratch afterwards.
  void (*add_layer_norm_f32)(float* x, const float* residual, const float* gamma, const float* beta,
                             float eps, float* out, std::size_t rows, std::size_t cols) = nullptr;

  // x = gelu(x) * y and x = x sigmoid(x) * y (gated units; Shazeer 2020, arXiv 2002.05202).
  void (*gelu_gate_f32)(float* x, const float* y, std::size_t count) = nullptr;
  void (*silu_gate_f32)(float* x, const float* y, std::size_t count) = nullptr;

  // out[r] = x[r] / sqrt(mean(x[r]^2) + eps) * gamma (Zhang & Sennrich 2019, arXiv 1910.07467).
  // Rows are `stride` floats apart; out may be x.
  void (*rms_norm_f32)(const float* x, const float* gamma, float eps, float* out, std::size_t rows,
                       std::size_t cols, std::size_t stride) = nullptr;

  // softmax(q k^T * scale) v for one head. scratch: attention_scratch(length, head_dim) floats.
  Attention attention_f32 = nullptr;

  // The same with q, k, v and the weights rounded to 9 to 15 bits and exact sums, for networks
  // whose products run in int8 (s16_attention.h). Null where the set has no int8 products.
  Attention attention_s16 = nullptr;
  std::size_t (*attention_scratch)(std::size_t length, std::size_t head_dim) = nullptr;

  Attention attention(Precision precision) const {
    return precision == Precision::int8 ? attention_s16 : attention_f32;
  }
};

// Bytes of a packed [n, k] matrix, and the matrix that lies in that many bytes on a 64-byte border.
std::size_t packed_s8_bytes(const Kernels& kernels, std::size_t n, std::size_t k);
PackedS8 view_s8(const Kernels& kernels, std::size_t n, std::size_t k, const std::byte* packed);

// Quantises one row of weights (k finite floats) and its bias into a matrix of packed_s8_bytes,
// which starts as zeros.
void pack_row_s8(const PackedS8& matrix, std::int32_t group_limit, std::size_t row,
                 const float* weights, float bias, std::byte* packed);

// A matrix of zeros but for its bias, and one row of it (k floats) rounded to bf16, to nearest
// even.
PackedBf16 make_bf16(const Kernels& kernels, std::size_t n, std::size_t k,
                     std::span<const float> bias);
void pack_row_bf16(PackedBf16& matrix, std::size_t row, const float* weights);

// Packs rows [0, n) of a weight matrix; `row(r, out)` writes row r's k floats.
template <class Row>
PackedF32 pack_f32(const Kernels& kernels, std::size_t n, std::size_t k, Row&& row,
                   std::span<const float> bias) {
  PackedF32 packed{n, k, kernels.panel_f32, {}, {}};
  const std::size_t panels = (n + packed.panel - 1) / packed.panel;
  packed.data = AlignedBuffer<float>(panels * k * packed.panel);
  packed.bias = AlignedBuffer<float>(panels * packed.panel);
  std::vector<float> values(k);
  for (std::size_t r = 0; r < panels * packed.panel; ++r) {
    float* out = packed.data.data() + r / packed.panel * k * packed.panel + r % packed.panel;
    if (r < n) {
      row(r, values.data());
    } else {
      values.assign(k, 0.0F);
    }
    for (std::size_t i = 0; i < k; ++i) out[i * packed.panel] = values[i];
    packed.bias.data()[r] = r < bias.size() ? bias[r] : 0.0F;
  }
  return packed;
}

// One instruction set this build knows, best first; `reason` says why it is not usable here.
struct Candidate {
  const Kernels* kernels;
  bool available;
  std::string reason;
};
std::vector<Candidate> candidates();

// The kernels to use: the best available, or the one that PODIUM_ISA names. Errors: a name that
// does not exist, or one that this CPU cannot run.
Result<const Kernels*> choose();

// Instruction sets of this CPU that any kernel here asks about, e.g. "avx512f".
std::vector<std::string> cpu_features();

// The sets themselves. The reference is scalar and sums in double: the oracle of every test.
const Kernels& reference();
const Kernels& portable();
#if defined(__x86_64__)
const Kernels& avx2();
const Kernels& avx512();
const Kernels& avx512_vnni();
const Kernels& avx512_bf16();
#endif

}  // namespace podium::kernels
