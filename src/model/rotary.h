// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the "rotate half" layout: element
// i of a head turns with element i + head_dim / 2.
#pragma once

#include <cstddef>
#include <vector>

namespace podium::model {

class Rotary {
 public:
  // Angles position * frequencies[i] for positions below max_length; head_dim / 2 frequencies.
  // Both cosines and sines are multiplied by `scale`.
  Rotary(const std::vector<double>& frequencies, std::size_t max_length, double scale = 1);

  // base^(-2i / head_dim), each divided by `divisor`.
  static std::vector<double> frequencies(std::size_t head_dim, double base, double divisor = 1);

  // How a model is stretched to `factor` times the positions it was trained on (YaRN: Peng et al.
  // 2023, arXiv 2309.00071): frequencies that turn less than `beta_slow` times over these are
  // divided by the factor, those that turn more than `beta_fast` times are kept, and what lies
  // between is blended.
  struct Yarn {
    double factor = 1;
    double trained_positions = 0;
    double beta_fast = 32;
    double beta_slow = 1;
  };
  static std::vector<double> frequencies(std::size_t head_dim, double base, const Yarn& yarn);

  // Turns `heads` heads of one row, side by side at x.
  void turn(float* x, std::size_t heads, std::size_t position) const;

 private:
  std::size_t half_;
  std::vector<float> cos_;  // [max_length, half]
  std::vector<float> sin_;
};

}  // namespace podium::model
