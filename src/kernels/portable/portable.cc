// Kernels for any CPU: four floats at a time in the compiler's own vector type (SSE2 on x86-64).
#include "kernels/bf16_kernels.h"
#include "kernels/f32_kernels.h"

namespace podium::kernels {

namespace {

struct Portable {
  static constexpr std::size_t kWidth = 4;
  static constexpr std::size_t kTileRows = 4;
  using Reg = float __attribute__((vector_size(16)));
  using Mask = int __attribute__((vector_size(16)));
  using Words = unsigned __attribute__((vector_size(16)));

  static Reg load(const float* p) {
    Reg x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
  }
  static Reg load_partial(const float* p, std::size_t count) {
    Reg x = set(0);
    __builtin_memcpy(&x, p, count * sizeof(float));
    return x;
  }
  static void store(float* p, Reg x) { __builtin_memcpy(p, &x, sizeof x); }
  static void store_partial(float* p, Reg x, std::size_t count) {
    __builtin_memcpy(p, &x, count * sizeof(float));
  }
  static Reg set(float x) { return Reg{x, x, x, x}; }
  static Reg first(float x, std::size_t count) {
    const float values[4] = {x, x, x, x};
    return load_partial(values, count);
  }
  static Reg add(Reg a, Reg b) { return a + b; }
  static Reg sub(Reg a, Reg b) { return a - b; }
  static Reg mul(Reg a, Reg b) { return a * b; }
  static Reg div(Reg a, Reg b) { return a / b; }
  static Reg fma(Reg a, Reg b, Reg c) { return a * b + c; }
  static Reg max(Reg a, Reg b) { return a > b ? a : b; }
  static Reg abs(Reg x) { return x < 0.0F ? -x : x; }
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer for |x| < 2^22.
  static Reg round(Reg x) { return (x + 12582912.0F) - 12582912.0F; }
  static Reg power_of_2(Reg n) {
    const Mask exponent = (__builtin_convertvector(n, Mask) + 127) << 23;
    Reg power;
    __builtin_memcpy(&power, &exponent, sizeof power);
    return power;
  }
  static Reg bf16_even(const std::uint16_t* p) { return floats(words(p) << 16); }
  static Reg bf16_odd(const std::uint16_t* p) { return floats(words(p) & 0xFFFF0000U); }
  static Words words(const std::uint16_t* p) {
    Words words;
    __builtin_memcpy(&words, p, sizeof words);
    return words;
  }
  static Reg floats(Words words) {
    Reg x;
    __builtin_memcpy(&x, &words, sizeof x);
    return x;
  }
  static Reg select_less(Reg a, Reg b, Reg yes, Reg no) { return a < b ? yes : no; }
  static float sum(Reg x) { return (x[0] + x[2]) + (x[1] + x[3]); }
  static float largest(Reg x) {
    float peak = x[0];
    for (int i = 1; i < 4; ++i) peak = x[i] > peak ? x[i] : peak;
    return peak;
  }
};

constexpr Kernels kTable = Bf16Kernels<Portable>::add_to(F32Kernels<Portable>::table("portable"));

}  // namespace

const Kernels& portable() { return kTable; }

}  // namespace podium::kernels
