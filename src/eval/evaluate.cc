#include "eval/evaluate.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "eval/trec.h"

namespace podium::eval {

namespace {

Result<std::vector<Ranked>> rank(const Dataset& set, const Query& query,
                                 std::span<const double> scores) {
  struct Entry {
    Ranked ranked;
    std::string id;
  };
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < query.candidates.size(); ++i) {
    const Document& document = set.documents[query.candidates[i]];
    if (std::isnan(scores[i])) {
      return fail(ErrorCode::internal,
                  fmt::format("query {} and document {} score no number", query.id, document.id));
    }
    entries.push_back({{query.candidates[i], static_cast<float>(scores[i])}, trec_id(document.id)});
  }
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::pair(a.ranked.score, std::string_view(a.id)) >
           std::pair(b.ranked.score, std::string_view(b.id));
  });
  std::vector<Ranked> ranking;
  ranking.reserve(entries.size());
  for (const Entry& entry : entries) ranking.push_back(entry.ranked);
  return ranking;
}

Metrics measure_query(const Dataset& set, const Query& query, std::span<const Ranked> ranking) {
  std::unordered_map<std::string_view, int> grade;
  std::vector<int> judged;
  for (const Judgment& judgment : query.judgments) {
    grade.emplace(judgment.document, judgment.grade);
    judged.push_back(judgment.grade);
  }
  std::vector<int> ranked;
  for (const Ranked& entry : ranking) {
    const auto found = grade.find(set.documents[entry.document].id);
    ranked.push_back(found == grade.end() ? 0 : found->second);
  }
  return measure(ranked, judged);
}

}  // namespace

Result<Evaluation> evaluate(const Dataset& set, const Scorer& scorer,
                            const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::size_t total = count_candidates(set);
  std::size_t done = 0;
  Evaluation evaluation;
  for (const Query& query : set.queries) {
    std::vector<double> scores;
    if (!query.candidates.empty()) {
      PODIUM_TRY(scores, scorer(query));
    }
    PODIUM_TRY(auto ranking, rank(set, query, scores));
    evaluation.metrics.push_back(measure_query(set, query, ranking));
    evaluation.rankings.push_back(std::move(ranking));
    done += query.candidates.size();
    if (progress) progress(done, total);
  }
  return evaluation;
}

std::size_t count_candidates(const Dataset& set) {
  std::size_t total = 0;
  for (const Query& query : set.queries) total += query.candidates.size();
  return total;
}

}  // namespace podium::eval
