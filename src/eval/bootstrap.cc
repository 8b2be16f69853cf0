#include "eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace podium::eval {

namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The generator is fixed by the standard, std::uniform_int_distribution is not. The high 32 bits
// scaled to 0..count-1; their bias, count / 2^32, is far below the noise of the method.
std::size_t draw(std::mt19937_64& random, std::size_t count) {
  return static_cast<std::size_t>(((random() >> 32) * count) >> 32);
}

double resampled_mean(const std::vector<double>& values, std::mt19937_64& random) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[draw(random, values.size())];
  return sum / static_cast<double>(values.size());
}

// The value at that share of the sorted values, between neighbours in proportion.
double percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

}  // namespace

Interval bootstrap(std::span<const Stratum> strata, std::uint64_t seed, std::size_t resamples) {
  std::mt19937_64 random(seed);
  Interval interval;
  for (const Stratum& stratum : strata) interval.mean += stratum.weight * mean(stratum.values);
  std::vector<double> means(resamples);
  for (double& resampled : means) {
    for (const Stratum& stratum : strata) {
      resampled += stratum.weight * resampled_mean(stratum.values, random);
    }
  }
  std::ranges::sort(means);
  interval.low = percentile(means, 0.025);
  interval.high = percentile(means, 0.975);
  return interval;
}

}  // namespace podium::eval
