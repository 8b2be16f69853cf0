#include "eval/trec.h"

#include <fmt/format.h>

#include <iterator>

namespace podium::eval {

std::string trec_id(std::string_view id) {
  std::string out;
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '%' || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string run_text(const Dataset& set, const Evaluation& evaluation, std::string_view tag) {
  std::string out;
  for (std::size_t q = 0; q < set.queries.size(); ++q) {
    const std::string query = trec_id(set.queries[q].id);
    std::size_t rank = 0;
    for (const Ranked& ranked : evaluation.rankings[q]) {
      fmt::format_to(std::back_inserter(out), "{} Q0 {} {} {} {}\n", query,
                     trec_id(set.documents[ranked.document].id), ++rank, ranked.score,
                     trec_id(tag));
    }
  }
  return out;
}

std::string qrels_text(const Dataset& set) {
  std::string out;
  for (const Query& query : set.queries) {
    for (const Judgment& judgment : query.judgments) {
      fmt::format_to(std::back_inserter(out), "{} 0 {} {}\n", trec_id(query.id),
                     trec_id(judgment.document), judgment.grade);
    }
  }
  return out;
}

}  // namespace podium::eval
