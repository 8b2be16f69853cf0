#include "model/rotary.h"

#include <cmath>

namespace podium::model {

Rotary::Rotary(const std::vector<double>& frequencies, std::size_t max_length)
    : half_(frequencies.size()), cos_(max_length * half_), sin_(max_length * half_) {
  // The angle is rounded to float, as models are trained: far from the start that is not the same.
  for (std::size_t position = 0; position < max_length; ++position) {
    for (std::size_t i = 0; i < half_; ++i) {
      const float angle = static_cast<float>(position) * static_cast<float>(frequencies[i]);
      cos_[position * half_ + i] = std::cos(angle);
      sin_[position * half_ + i] = std::sin(angle);
    }
  }
}

std::vector<double> Rotary::frequencies(std::size_t head_dim, double base, double divisor) {
  std::vector<double> out(head_dim / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double exponent = -2 * static_cast<double>(i) / static_cast<double>(head_dim);
    out[i] = std::pow(base, exponent) / divisor;
  }
  return out;
}

void Rotary::turn(float* x, std::size_t heads, std::size_t position) const {
  const float* cos = cos_.data() + position * half_;
  const float* sin = sin_.data() + position * half_;
  for (std::size_t head = 0; head < heads; ++head, x += 2 * half_) {
    for (std::size_t i = 0; i < half_; ++i) {
      const float low = x[i];
      const float high = x[half_ + i];
      x[i] = low * cos[i] - high * sin[i];
      x[half_ + i] = high * cos[i] + low * sin[i];
    }
  }
}

}  // namespace podium::model
