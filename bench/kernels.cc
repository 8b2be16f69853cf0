// Every kernel of every instruction set this machine has, alone and on one thread: GOP/s or GB/s.
// "in_l1" is the inner loop of a product on operands that stay in the first cache: the peak that
// the others are shares of. oneDNN's products on the same shapes are the yardstick.
//
//   bench_kernels [--benchmark_filter=avx2]
#include "kernels/kernels.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <random>
#include <vector>

namespace podium::kernels {
namespace {

constexpr std::size_t kRows = 96;

struct Shape {
  std::size_t n, k;
};
constexpr Shape kShapes[] = {{768, 768}, {3072, 768}, {768, 3072}, {384, 384}, {1536, 384}};

std::vector<float> randoms(std::size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

void count_operations(benchmark::State& state, double operations) {
  state.counters["GOP/s"] =
      benchmark::Counter(operations / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void count_bytes(benchmark::State& state, double bytes) {
  state.counters["GB/s"] =
      benchmark::Counter(bytes / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

double product_operations(std::size_t rows, Shape shape) {
  return 2.0 * static_cast<double>(rows * shape.n * shape.k);
}

void gemm_f32(benchmark::State& state, const Kernels& set, Shape shape) {
  const auto weights = randoms(shape.n * shape.k);
  const auto packed = pack_f32(set, shape.n, shape.k,
                               [&](std::size_t row, float* out) {
                                 std::memcpy(out, &weights[row * shape.k], shape.k * sizeof(float));
                               },
                               {});
  const auto x = randoms(kRows * shape.k);
  std::vector<float> y(kRows * shape.n);
  for (auto _ : state) {
    set.gemm_f32(x.data(), shape.k, kRows, packed, y.data(), shape.n);
    benchmark::ClobberMemory();
  }
  count_operations(state, product_operations(kRows, shape));
}

void gemm_bf16(benchmark::State& state, const Kernels& set, Shape shape) {
  const auto weights = randoms(shape.n * shape.k);
  PackedBf16 packed = make_bf16(set, shape.n, shape.k, {});
  for (std::size_t row = 0; row < shape.n; ++row) {
    pack_row_bf16(packed, row, &weights[row * shape.k]);
  }
  const auto x = randoms(kRows * shape.k);
  std::vector<float> y(kRows * shape.n);
  std::vector<float> scratch(kRows * (shape.k + 1) / 2);
  for (auto _ : state) {
    set.gemm_bf16(x.data(), shape.k, kRows, packed, y.data(), shape.n, scratch.data());
    benchmark::ClobberMemory();
  }
  count_operations(state, product_operations(kRows, shape));
}

void gemm_s8(benchmark::State& state, const Kernels& set, std::size_t rows, Shape shape,
             Epilogue epilogue) {
  const auto weights = randoms(shape.n * shape.k);
  AlignedBuffer<std::byte> bytes(packed_s8_bytes(set, shape.n, shape.k));
  std::memset(bytes.data(), 0, bytes.size());
  const PackedS8 packed = view_s8(set, shape.n, shape.k, bytes.data());
  for (std::size_t row = 0; row < shape.n; ++row) {
    pack_row_s8(packed, set.group_limit_s8, row, &weights[row * shape.k], 0, bytes.data());
  }
  const auto x = randoms(rows * shape.k);
  std::vector<std::uint8_t> values(rows * shape.k);
  std::vector<RowScale> scales(rows);
  std::vector<float> y(rows * shape.n);
  set.quantize_u8(x.data(), shape.k, rows, shape.k, set.levels_u8, values.data(), shape.k,
                  scales.data());
  for (auto _ : state) {
    set.gemm_s8({values.data(), scales.data(), shape.k, rows}, packed, epilogue, y.data(), shape.n);
    benchmark::ClobberMemory();
  }
  count_operations(state, product_operations(rows, shape));
}

void quantize(benchmark::State& state, const Kernels& set, std::size_t k) {
  const auto x = randoms(kRows * k);
  std::vector<std::uint8_t> values(kRows * k);
  std::vector<RowScale> scales(kRows);
  for (auto _ : state) {
    set.quantize_u8(x.data(), k, kRows, k, set.levels_u8, values.data(), k, scales.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state, 5.0 * static_cast<double>(kRows * k));
}

void layer_norm(benchmark::State& state, const Kernels& set, std::size_t cols) {
  auto x = randoms(kRows * cols);
  const auto residual = randoms(kRows * cols);
  const auto gamma = randoms(cols);
  std::vector<float> out(kRows * cols);
  for (auto _ : state) {
    set.add_layer_norm_f32(x.data(), residual.data(), gamma.data(), gamma.data(), 1e-5F, out.data(),
                           kRows, cols);
    benchmark::ClobberMemory();
  }
  count_bytes(state, 12.0 * static_cast<double>(kRows * cols));
}

void gelu(benchmark::State& state, const Kernels& set) {
  const auto source = randoms(16384);
  std::vector<float> x(source);
  for (auto _ : state) {
    std::memcpy(x.data(), source.data(), x.size() * sizeof(float));
    set.gelu_f32(x.data(), x.size());
    benchmark::ClobberMemory();
  }
  count_bytes(state, 8.0 * static_cast<double>(x.size()));
}

void attend(benchmark::State& state, const Kernels& set, Attention attention, std::size_t length,
            std::size_t head_dim) {
  constexpr std::size_t kHeads = 12;
  const std::size_t width = kHeads * head_dim;
  const auto source = randoms(length * 3 * width);
  std::vector<float> qkv(source);
  AlignedBuffer<float> scratch(set.attention_scratch(length, head_dim));
  for (auto _ : state) {
    std::memcpy(qkv.data(), source.data(), qkv.size() * sizeof(float));
    for (std::size_t head = 0; head < kHeads; ++head) {
      float* q = qkv.data() + head * head_dim;
      attention({.q = q,
                 .k = q + width,
                 .v = q + 2 * width,
                 .stride = 3 * width,
                 .query_stride = 3 * width,
                 .length = length,
                 .queries = length,
                 .head_dim = head_dim,
                 .scale = 0.125F},
                scratch.data());
    }
    benchmark::ClobberMemory();
  }
  count_operations(state, 4.0 * static_cast<double>(length * length * width));
}

void one_dnn(benchmark::State& state, dnnl::memory::data_type from, dnnl::memory::data_type weights,
             Shape shape) {
  using dnnl::memory;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto rows = static_cast<memory::dim>(kRows);
  const auto n = static_cast<memory::dim>(shape.n);
  const auto k = static_cast<memory::dim>(shape.k);
  const memory::desc x({rows, k}, from, memory::format_tag::ab);
  const memory::desc any({k, n}, weights, memory::format_tag::any);
  const bool bytes = weights == memory::data_type::s8;
  const memory::desc y({rows, n}, bytes ? memory::data_type::s32 : memory::data_type::f32,
                       memory::format_tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x, any, y), engine);
  memory a(x, engine);
  memory b(description.weights_desc(), engine);
  memory c(y, engine);
  std::memset(a.get_data_handle(), 0, x.get_size());
  std::memset(b.get_data_handle(), 0, b.get_desc().get_size());
  const dnnl::matmul product(description);
  for (auto _ : state) {
    product.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
    stream.wait();
  }
  state.SetLabel(description.impl_info_str());
  count_operations(state, product_operations(kRows, shape));
}

template <class... Arguments>
void add(const std::string& name, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), arguments...)->Unit(benchmark::kMicrosecond);
}

void add_set(const Kernels& set) {
  const std::string name(set.name);
  for (const Shape shape : kShapes) {
    const std::string at = fmt::format("/n{}/k{}", shape.n, shape.k);
    add(name + "/gemm_f32" + at, gemm_f32, std::cref(set), shape);
    add(name + "/gemm_bf16" + at, gemm_bf16, std::cref(set), shape);
    if (set.gemm_s8 == nullptr) continue;
    add(name + "/gemm_s8" + at, gemm_s8, std::cref(set), kRows, shape, Epilogue::none);
  }
  add(name + "/gelu_f32", gelu, std::cref(set));
  for (const std::size_t cols : {384, 768}) {
    add(fmt::format("{}/add_layer_norm_f32/{}", name, cols), layer_norm, std::cref(set), cols);
  }
  if (set.gemm_s8 != nullptr) {
    add(name + "/gemm_s8_in_l1", gemm_s8, std::cref(set), 24, Shape{set.panel_s8, 512},
        Epilogue::none);
    add(name + "/gemm_s8_gelu/n3072/k768", gemm_s8, std::cref(set), kRows, Shape{3072, 768},
        Epilogue::gelu);
    add(name + "/quantize_u8/768", quantize, std::cref(set), 768);
  }
  for (const std::size_t length : {128, 512}) {
    for (const std::size_t head_dim : {32, 64}) {
      const std::string at = fmt::format("/{}/{}", length, head_dim);
      add(name + "/attention_f32" + at, attend, std::cref(set), set.attention_f32, length,
          head_dim);
      if (set.attention_s16 == nullptr) continue;
      add(name + "/attention_s16" + at, attend, std::cref(set), set.attention_s16, length,
          head_dim);
    }
  }
}

void add_all() {
  for (const Candidate& candidate : candidates()) {
    if (candidate.available && candidate.kernels->name != "reference") add_set(*candidate.kernels);
  }
  using Type = dnnl::memory::data_type;
  for (const Shape shape : kShapes) {
    const std::string at = fmt::format("/n{}/k{}", shape.n, shape.k);
    add("onednn/gemm_f32" + at, one_dnn, Type::f32, Type::f32, shape);
    add("onednn/gemm_s8" + at, one_dnn, Type::u8, Type::s8, shape);
  }
}

}  // namespace
}  // namespace podium::kernels

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  podium::kernels::add_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
