// What was measured, in numbers: one row a set, one a group, one over all groups.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/groups.h"
#include "eval/metrics.h"
#include "eval/sample.h"

namespace podium::eval {

// A set that was evaluated.
struct SetResult {
  std::string name;
  std::size_t left_out = 0;      // queries without a relevant document
  std::size_t documents = 0;     // in the corpus
  std::size_t candidates = 0;    // of all queries together
  std::size_t truncated = 0;     // candidates the model could not read to their end
  std::vector<Metrics> metrics;  // one a query
  double work = 1;               // Usage::work over all its queries
};

// The mean of each metric with its 95 % interval.
using Means = std::array<Interval, kMetricNames.size()>;

struct GroupResult {
  std::string name;
  std::vector<std::string> sets;  // those of its sets that were evaluated
  Means means;                    // of the sets' means: each set counts the same
  double work = 1;                // the mean of the sets'
};

struct Report {
  std::string scorer;  // "bm25", or the model's name
  std::string effort;  // how deep it read; empty if it has one depth alone
  SampleSize size;
  std::vector<SetResult> sets;
  std::vector<Means> set_means;     // one a set
  std::vector<GroupResult> groups;  // those with an evaluated set
  std::optional<Means> all;         // of the groups' means, if there are two or more
};

// Intervals are drawn with the sample's seed.
Report summarise(std::string scorer, std::string effort, const SampleSize& size,
                 std::vector<SetResult> sets, std::span<const Group> groups);

// {"scorer", "effort", "seed", "queries", "depth", "resamples", "sets": [{"name", "queries",
// "left_out", "documents", "candidates", "truncated", "work", "metrics": {"nDCG@10": {"mean",
// "low", "high"}, …}, "by_query": [[nDCG@10, …], …]}], "groups": [{"name", "sets", "work",
// "metrics"}], "all": metrics or null} in one line. Queries and depth are those asked for, 0 for
// all.
std::string report_json(const Report& report);

// The sets of such a line, if it is about the same scorer, effort and sample; else none.
std::vector<SetResult> read_sets(std::string_view line, std::string_view scorer,
                                 std::string_view effort, const SampleSize& size);

}  // namespace podium::eval
