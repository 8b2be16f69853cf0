// Smaller sets by a fixed seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "eval/dataset.h"

namespace podium::eval {

struct SampleSize {
  std::size_t queries = 0;  // 0: all
  std::size_t depth = 0;    // candidates of a query; 0: all
  std::uint64_t seed = 1;
};

// Keeps the queries, and of each query's candidates those without a relevant judgment, whose ids
// hash lowest with the seed: a sample depends on nothing but ids and seed, and a smaller one is
// part of a larger one. Relevant candidates always stay, even more than `depth`; none is added.
// What stays keeps its order.
void sample(Dataset& set, const SampleSize& size);

}  // namespace podium::eval
