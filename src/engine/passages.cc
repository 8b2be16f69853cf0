#include "engine/passages.h"

#include <algorithm>
#include <span>

#include "base/utf8.h"
#include "engine/document_text.h"
#include "engine/inputs.h"
#include "text/sentences.h"

namespace podium {

namespace {

// A passage is a sentence, together with those behind it until it has a few tokens; a sentence
// without end is cut.
constexpr std::size_t kLeastTokens = 6;
constexpr std::size_t kMostTokens = 128;

// Where a passage stands.
struct Place {
  std::size_t result = 0;  // in Ranking::results
  std::size_t begin = 0;   // in characters of the document
  std::size_t end = 0;
};

struct Passages {
  std::vector<std::string_view> texts;
  std::vector<Place> places;
};

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

// Bytes at which passages of a text end.
std::vector<std::size_t> passage_ends(std::string_view text, const text::Tokenizer& tokenizer) {
  text::Encoding tokens;
  tokenizer.encode(text, tokens);
  std::vector<std::size_t> borders;
  text::SentenceScanner().feed(text, borders);
  borders.push_back(text.size());
  std::vector<std::size_t> ends;
  std::size_t first = 0;  // token of the passage
  for (const std::size_t border : borders) {
    const auto behind = std::ranges::upper_bound(tokens.offsets, border, {},
                                                 [](const text::Offset& o) { return o.end; });
    const auto count = static_cast<std::size_t>(behind - tokens.offsets.begin());
    for (; count > first + kMostTokens; first += kMostTokens) {
      ends.push_back(tokens.offsets[first + kMostTokens].begin);
    }
    if (count < first + kLeastTokens && border < text.size()) continue;
    ends.push_back(border);
    first = count;
  }
  return ends;
}

// The passages of an excerpt from `from` on, in characters of the document.
void split(const Excerpt& excerpt, std::size_t from, std::size_t result,
           const text::Tokenizer& tokenizer, Passages& out) {
  std::string_view text = excerpt.text;
  std::size_t character = excerpt.begin;
  for (; character < from && !text.empty(); ++character) {
    text.remove_prefix(utf8::decode(text, 0).length);
  }
  std::size_t begin = 0;
  for (const std::size_t end : passage_ends(text, tokenizer)) {
    std::string_view passage = text.substr(begin, end - begin);
    const std::size_t all = utf8::count_characters(passage);
    std::size_t blanks = 0;
    while (blanks < passage.size() && is_blank(passage[blanks])) ++blanks;
    passage.remove_prefix(blanks);
    while (!passage.empty() && is_blank(passage.back())) passage.remove_suffix(1);
    if (!passage.empty()) {
      const std::size_t start = character + blanks;
      out.places.push_back({result, start, start + utf8::count_characters(passage)});
      out.texts.push_back(passage);
    }
    begin = end;
    character += all;
  }
}

}  // namespace

Result<void> add_passages(const RankRequest& request, std::vector<std::vector<Excerpt>> excerpts,
                          Ranking& ranking) {
  const RankOptions& asked = request.options;
  Passages passages;
  std::size_t count = ranking.results.size();
  if (asked.passage_documents > 0) count = std::min(count, asked.passage_documents);
  for (std::size_t i = 0; i < count; ++i) {
    auto& stretches = excerpts[ranking.results[i].index];
    std::ranges::sort(stretches, {}, &Excerpt::begin);
    std::size_t from = 0;
    for (const Excerpt& stretch : stretches) {
      split(stretch, from, i, request.model.tokenizer(), passages);
      from = stretch.begin + utf8::count_characters(stretch.text);
    }
  }
  if (passages.texts.empty()) return {};
  const RankOptions options{.score = asked.score,
                            .max_length = asked.max_length,
                            .effort = asked.effort,
                            .client = asked.client,
                            .priority = asked.priority,
                            .document_scope = asked.document_scope,
                            .deadline = asked.deadline,
                            .cancel = asked.cancel};
  DocumentSpan source(passages.texts);
  PODIUM_TRY(const Ranking ranked,
             make_ranker({request.model, request.query, options, request.max_length})
                 ->rank(source, expected_tokens(passages.texts, ranking.usage.query_tokens), 0));
  for (const RankedDocument& passage : ranked.results) {  // best first
    const Place& place = passages.places[passage.index];
    auto& found = ranking.results[place.result].passages;
    if (found.size() == asked.passages) continue;
    found.push_back({.begin = place.begin, .end = place.end, .score = passage.relevance_score});
  }
  ranking.usage.total_tokens += ranked.usage.total_tokens;
  ranking.timings.encode_ms += ranked.timings.encode_ms;
  return {};
}

}  // namespace podium
