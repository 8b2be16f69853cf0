// A set through a scorer: rankings and their metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "eval/dataset.h"
#include "eval/metrics.h"

namespace podium::eval {

// The scores of a query's candidates, in their order; higher is better. Never asked about none.
using Scorer = std::function<Result<std::vector<double>>(const Query&)>;

struct Ranked {
  std::uint32_t document = 0;  // a position in Dataset::documents
  float score = 0;
};

// Both in the order of Dataset::queries.
struct Evaluation {
  std::vector<std::vector<Ranked>> rankings;  // best first
  std::vector<Metrics> metrics;
};

// Ranks as trec_eval ranks a run file: by score as a 32-bit float, equal ones by their ids' bytes
// (those written by trec_id()), the greatest first. The order of the candidates has no influence. A
// query without candidates has 0 in every metric. A score that is not a number is an error.
// `progress`, if given, is called after each query with the candidates scored so far and in all.
Result<Evaluation> evaluate(const Dataset& set, const Scorer& scorer,
                            const std::function<void(std::size_t, std::size_t)>& progress = {});

// The candidates of all queries together.
std::size_t count_candidates(const Dataset& set);

}  // namespace podium::eval
