// BM25 over a set's corpus: what a reranker must beat on the same candidates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "eval/dataset.h"

namespace podium::eval {

// score(q, d) = sum over the terms t of q, repeated ones counted again, of
//   idf(t) · tf / (tf + k1 · (1 − b + b · |d| / mean |d|)),
//   idf(t) = ln(1 + (N − df + 0.5) / (df + 0.5)),  k1 = 0.9, b = 0.4
// as in Lucene and Anserini, whose defaults these are; N, df and the mean length (in terms, see
// words.h) are those of the whole corpus.
class Bm25 {
 public:
  explicit Bm25(std::span<const Document> corpus);

  // The scores of documents of the corpus, by position, in the order given.
  std::vector<double> score(std::string_view query, std::span<const std::uint32_t> documents) const;

 private:
  using Count = std::pair<std::uint32_t, std::uint32_t>;  // term, how often
  struct Terms {
    std::vector<Count> counts;  // by term
    double length = 0;          // of the document, in terms
  };

  std::unordered_map<std::string, std::uint32_t> vocabulary_;
  std::vector<std::uint32_t> document_frequency_;  // by term
  std::vector<Terms> documents_;
  double mean_length_ = 0;
};

}  // namespace podium::eval
