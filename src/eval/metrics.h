// Ranking metrics of one query, as trec_eval (and with it pytrec_eval and ir-measures) defines
// them.
//
// A document's grade is that of its judgment, 0 if it has none; grades of 1 and more are relevant,
// negative ones count as 0. R is the number of relevant judged documents, in the candidates or not.
//   nDCG@10    sum over ranks r = 1..10 of grade / log2(r + 1), divided by the same sum over all
//              judged documents ordered by grade
//   MRR@10     1 / rank of the first relevant document, 0 if that is beyond 10
//   recall@k   relevant documents in the first k ranks / R
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace podium::eval {

inline constexpr std::array<std::string_view, 4> kMetricNames = {"nDCG@10", "MRR@10", "recall@3",
                                                                 "recall@10"};
// In the order of kMetricNames, each 0..1.
using Metrics = std::array<double, kMetricNames.size()>;

// `ranked`: the grades of the documents in ranked order. `judged`: the grades of all judgments, in
// any order, at least one of them relevant.
Metrics measure(std::span<const int> ranked, std::span<const int> judged);

}  // namespace podium::eval
