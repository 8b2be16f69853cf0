#include "model/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace podium::model {

Rotary::Rotary(const std::vector<double>& frequencies, std::size_t max_length, double scale)
    : half_(frequencies.size()), cos_(max_length * half_), sin_(max_length * half_) {
  // The angle is rounded to float, as models are trained: far from the start that is not the same.
  for (std::size_t position = 0; position < max_length; ++position) {
    for (std::size_t i = 0; i < half_; ++i) {
      const float angle = static_cast<float>(position) * static_cast<float>(frequencies[i]);
      cos_[position * half_ + i] = static_cast<float>(scale) * std::cos(angle);
      sin_[position * half_ + i] = static_cast<float>(scale) * std::sin(angle);
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

std::vector<double> Rotary::frequencies(std::size_t head_dim, double base, const Yarn& yarn) {
  const double turning = std::log(base) * 2 / static_cast<double>(head_dim);
  // The element whose angle turns that often over the trained positions.
  const auto element = [&](double turns) {
    return std::log(yarn.trained_positions / (turns * 2 * std::numbers::pi)) / turning;
  };
  const double first = std::max(std::floor(element(yarn.beta_fast)), 0.0);
  const double last =
      std::min(std::ceil(element(yarn.beta_slow)), static_cast<double>(head_dim - 1));
  const double width = std::max(last - first, 0.001);
  std::vector<double> out = frequencies(head_dim, base);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double stretched = std::clamp((static_cast<double>(i) - first) / width, 0.0, 1.0);
    out[i] *= (1 - stretched) + stretched / yarn.factor;
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
