// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the "rotate half" layout: element
// i of a head turns with element i + head_dim / 2.
#pragma once

#include <cstddef>
#include <vector>

namespace podium::model {

class Rotary {
 public:
  // Angles position * frequencies[i] for positions below max_length; head_dim / 2 frequencies.
  Rotary(const std::vector<double>& frequencies, std::size_t max_length);

  // base^(-2i / head_dim), each divided by `divisor`.
  static std::vector<double> frequencies(std::size_t head_dim, double base, double divisor = 1);

  // Turns `heads` heads of one row, side by side at x.
  void turn(float* x, std::size_t heads, std::size_t position) const;

 private:
  std::size_t half_;
  std::vector<float> cos_;  // [max_length, half]
  std::vector<float> sin_;
};

}  // namespace podium::model
