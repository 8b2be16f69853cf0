#include "eval/bm25.h"

#include <algorithm>
#include <cmath>

#include "eval/words.h"

namespace podium::eval {

namespace {

constexpr double kK1 = 0.9;
constexpr double kB = 0.4;

}  // namespace

Bm25::Bm25(std::span<const Document> corpus) {
  for (const Document& document : corpus) {
    std::unordered_map<std::uint32_t, std::uint32_t> counts;
    Terms& terms = documents_.emplace_back();
    for (std::string& term : terms_of(document.text)) {
      const auto fresh = static_cast<std::uint32_t>(vocabulary_.size());
      ++counts[vocabulary_.try_emplace(std::move(term), fresh).first->second];
      ++terms.length;
    }
    terms.counts.assign(counts.begin(), counts.end());
    std::ranges::sort(terms.counts);
    document_frequency_.resize(vocabulary_.size());
    for (const auto& [term, count] : terms.counts) ++document_frequency_[term];
    mean_length_ += terms.length / static_cast<double>(corpus.size());
  }
}

std::vector<double> Bm25::score(std::string_view query,
                                std::span<const std::uint32_t> documents) const {
  std::vector<double> scores(documents.size());
  for (const std::string& term : terms_of(query)) {
    const auto known = vocabulary_.find(term);
    if (known == vocabulary_.end()) continue;
    const double df = document_frequency_[known->second];
    const double idf =
        std::log(1 + (static_cast<double>(documents_.size()) - df + 0.5) / (df + 0.5));
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const Terms& terms = documents_[documents[i]];
      const auto found = std::ranges::lower_bound(terms.counts, known->second, {}, &Count::first);
      if (found == terms.counts.end() || found->first != known->second) continue;
      const double tf = found->second;
      scores[i] += idf * tf / (tf + kK1 * (1 - kB + kB * terms.length / mean_length_));
    }
  }
  return scores;
}

}  // namespace podium::eval
