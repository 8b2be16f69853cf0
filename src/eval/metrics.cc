#include "eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace podium::eval {

namespace {

constexpr std::size_t kDepth = 10;

std::span<const int> first(std::span<const int> grades, std::size_t k) {
  return grades.first(std::min(k, grades.size()));
}

double discounted_gain(std::span<const int> grades) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(kDepth, grades.size()); ++i) {
    sum += std::max(grades[i], 0) / std::log2(static_cast<double>(i) + 2);
  }
  return sum;
}

double relevant(std::span<const int> grades) {
  return static_cast<double>(std::ranges::count_if(grades, [](int grade) { return grade > 0; }));
}

}  // namespace

Metrics measure(std::span<const int> ranked, std::span<const int> judged) {
  std::vector<int> ideal(judged.begin(), judged.end());
  std::ranges::sort(ideal, std::greater());
  const auto top = first(ranked, kDepth);
  const auto found = std::ranges::find_if(top, [](int grade) { return grade > 0; });
  const auto rank = static_cast<double>(found - top.begin() + 1);
  const double reciprocal = found == top.end() ? 0 : 1 / rank;
  return {discounted_gain(ranked) / discounted_gain(ideal), reciprocal,
          relevant(first(ranked, 3)) / relevant(judged), relevant(top) / relevant(judged)};
}

}  // namespace podium::eval
