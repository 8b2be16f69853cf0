// How sure a mean is: percentile bootstrap (Efron 1979) over queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace podium::eval {

struct Interval {
  double mean = 0;
  double low = 0;   // the 2.5th percentile of the resampled means
  double high = 0;  // the 97.5th
};

// The values of one set's queries, which are drawn anew among themselves.
struct Stratum {
  std::vector<double> values;  // at least one
  double weight = 1;
};

inline constexpr std::size_t kResamples = 1000;

// The weighted sum of the strata's means and its 95 % interval. One stratum of weight 1 is a set;
// several of weight 1/n are the mean of n sets, each of which counts the same whatever its size.
// The same seed gives the same interval on every machine.
Interval bootstrap(std::span<const Stratum> strata, std::uint64_t seed,
                   std::size_t resamples = kResamples);

}  // namespace podium::eval
