#include "engine/listwise_ranker.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/document_text.h"
#include "engine/inputs.h"
#include "engine/ranking.h"
#include "model/listwise_tokens.h"

namespace podium {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlockDocuments = 125;
constexpr std::size_t kLongestQuery = 512;
constexpr std::size_t kLongestDocument = 2048;

constexpr std::string_view kSystem =
    "system\nYou are a search relevance expert who can determine a ranking of the passages based "
    "on "
    "how relevant they are to the query. If the query is a question, how relevant a passage is "
    "depends on how well it answers the question. If not, try to analyze the intent of the query "
    "and assess how well each passage satisfies the intent. If an instruction is provided, you "
    "should follow the instruction when determining the ranking.";

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double dot = 0, square_a = 0, square_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
    square_a += a[i] * a[i];
    square_b += b[i] * b[i];
  }
  const double norms = std::sqrt(square_a) * std::sqrt(square_b);
  return norms > 0 ? dot / norms : 0;
}

// A text as the prompt takes it: without the marks, and cut to `most` tokens.
struct Passage {
  std::string text;
  std::size_t tokens = 0;
  bool truncated = false;
};

// The context of a block as the authors' code writes it. Control words are tokens of their own, so
// that the texts between them can be tokenized one by one.
class ContextWriter {
 public:
  explicit ContextWriter(const text::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void write(std::string_view query, std::span<const Passage> block, text::Sequence& out) {
    ids_.clear();
    control("<|im_start|>");
    add(kSystem);
    control("<|im_end|>");
    add("\n");
    control("<|im_start|>");
    std::string text = fmt::format(
        "user\nI will provide you with {} passages, each indicated by a numerical identifier. Rank "
        "the passages based on their relevance to query: {}\n",
        block.size(), query);
    for (std::size_t i = 0; i < block.size(); ++i) {
      add(text + fmt::format("<passage id=\"{}\">\n", i) + block[i].text);
      control(model::kDocumentMark);
      text = "\n</passage>\n";
    }
    add(text + fmt::format("<query>\n{}", query));
    control(model::kQueryMark);
    add("\n</query>");
    control("<|im_end|>");
    add("\n");
    control("<|im_start|>");
    add("assistant\n");
    control("<think>");
    add("\n\n");
    control("</think>");
    add("\n\n");
    out.ids = ids_;
    out.type_ids.assign(ids_.size(), 0);
  }

 private:
  void control(std::string_view word) { ids_.push_back(std::max(0, tokenizer_.id_of(word))); }
  void add(std::string_view text) {
    tokenizer_.encode(text, encoding_);
    ids_.insert(ids_.end(), encoding_.ids.begin(), encoding_.ids.end());
  }

  const text::Tokenizer& tokenizer_;
  text::Encoding encoding_;
  std::vector<text::TokenId> ids_;
};

std::size_t context_tokens(const text::Tokenizer& tokenizer, std::size_t passages) {
  text::Sequence context;
  ContextWriter(tokenizer).write("", std::vector<Passage>(passages), context);
  return context.ids.size();
}

class ListwiseRanker {
 public:
  ListwiseRanker(LoadedModel& model, std::string_view query, std::size_t max_length,
                 const RankOptions& options, std::size_t total)
      : model_(model),
        max_length_(max_length),
        options_(options),
        total_(total),
        writer_(model.tokenizer()),
        prompt_(context_tokens(model.tokenizer(), 1)),
        tags_(context_tokens(model.tokenizer(), kBlockDocuments) -
              context_tokens(model.tokenizer(), kBlockDocuments - 1) + 2) {
    const auto start = Clock::now();
    const std::size_t room = max_length_ - std::min(max_length_, prompt_ + tags_);
    query_ = passage(query, std::min(kLongestQuery, room / 4));
    document_limit_ = std::min(kLongestDocument, room - 2 * query_.tokens);
    if (options.max_document_tokens > 0) {
      document_limit_ = std::min(document_limit_, options.max_document_tokens);
    }
    ranking_.usage.query_tokens = query_.tokens;
    ranking_.timings.tokenize_ms += since(start);
  }

  void add(std::string_view document) {
    const auto start = Clock::now();
    Passage next = passage(document, document_limit_);
    const std::size_t cost = next.tokens + tags_;
    ranking_.timings.tokenize_ms += since(start);
    if (block_.size() == kBlockDocuments || (!block_.empty() && used_ + cost > capacity())) flush();
    used_ += cost;
    block_.push_back(std::move(next));
  }

  Ranking finish() {
    while (!block_.empty()) flush();
    std::vector<double> query(model_.output_size());
    for (std::size_t b = 0; b < queries_.size(); ++b) {
      for (std::size_t i = 0; i < query.size(); ++i) query[i] += weights_[b] * queries_[b][i];
    }
    for (std::size_t i = 0; i < documents_.size(); ++i) {
      ranking_.results[i].relevance_score = cosine(query, documents_[i]);
    }
    order_results(ranking_.results, options_.top_n, ScoreKind::logit);
    if (options_.score == ScoreKind::relevance) {
      for (auto& result : ranking_.results) {
        result.relevance_score = (1 + result.relevance_score) / 2;
      }
    }
    return std::move(ranking_);
  }

 private:
  std::size_t capacity() const {
    const std::size_t taken = prompt_ + 2 * query_.tokens;
    return max_length_ - std::min(max_length_, taken);
  }

  Passage passage(std::string_view text, std::size_t most) {
    Passage out;
    out.text = text;
    for (const std::string_view mark : {model::kQueryMark, model::kDocumentMark}) {
      for (std::size_t at = out.text.find(mark); at != std::string::npos;
           at = out.text.find(mark)) {
        out.text.erase(at, mark.size());
      }
    }
    model_.tokenizer().encode(out.text, encoding_);
    out.tokens = std::min(encoding_.ids.size(), most);
    out.truncated = encoding_.ids.size() > most;
    if (out.truncated) out.text.resize(encoding_.offsets[most].begin);
    return out;
  }

  // Writes the block's context. What does not fit after all (tokens of texts side by side can be
  // more than those of each) waits for the next one; a document alone is cut.
  void write_context() {
    waiting_.clear();
    for (;;) {
      writer_.write(query_.text, block_, context_);
      if (context_.ids.size() <= max_length_) return;
      const std::size_t excess = context_.ids.size() - max_length_;
      Passage& last = block_.back();
      if (block_.size() > 1) {
        waiting_.insert(waiting_.begin(), std::move(last));
        block_.pop_back();
      } else if (last.tokens > 0) {
        const bool truncated = last.truncated;
        last = passage(last.text, last.tokens - std::min(last.tokens, excess));
        last.truncated = last.truncated || truncated;
      } else {
        context_.ids.resize(max_length_);
        context_.type_ids.resize(max_length_);
        return;
      }
    }
  }

  void flush() {
    const auto start = Clock::now();
    write_context();
    ranking_.timings.tokenize_ms += since(start);
    const auto encoding = Clock::now();
    const std::size_t width = model_.output_size();
    std::vector<float> vectors((block_.size() + 1) * width);
    model_.encode_context(context_, vectors.data());
    ranking_.timings.encode_ms += since(encoding);
    ranking_.usage.total_tokens += context_.ids.size();
    const auto row = [&](std::size_t i) {
      const float* from = vectors.data() + i * width;
      return std::vector<double>(from, from + width);
    };
    queries_.push_back(row(block_.size()));
    double best = -1;
    for (std::size_t i = 0; i < block_.size(); ++i) {
      documents_.push_back(row(i));
      best = std::max(best, cosine(queries_.back(), documents_.back()));
      ranking_.results.push_back({.index = ranking_.results.size(),
                                  .tokens = block_[i].tokens,
                                  .truncated = block_[i].truncated || query_.truncated});
    }
    weights_.push_back((1 + best) / 2);
    block_ = std::move(waiting_);
    waiting_.clear();
    used_ = 0;
    for (const Passage& passage : block_) used_ += passage.tokens + tags_;
    if (options_.progress) options_.progress(documents_.size(), total_);
  }

  LoadedModel& model_;
  std::size_t max_length_;
  const RankOptions& options_;
  std::size_t total_;
  std::size_t document_limit_ = 0;
  ContextWriter writer_;
  std::size_t prompt_;  // tokens without query and documents
  std::size_t tags_;    // tokens around a document
  Passage query_;
  std::vector<Passage> block_;
  std::vector<Passage> waiting_;  // for the next block
  std::size_t used_ = 0;          // tokens of the block
  text::Encoding encoding_;
  text::Sequence context_;
  std::vector<std::vector<double>> queries_;  // by block
  std::vector<double> weights_;
  std::vector<std::vector<double>> documents_;
  Ranking ranking_;
};

}  // namespace

std::size_t listwise_prompt_tokens(const text::Tokenizer& tokenizer) {
  return context_tokens(tokenizer, 1);
}

Result<Ranking> rank_listwise(LoadedModel& model, std::string_view query, DocumentSource& documents,
                              const RankOptions& options, std::size_t max_length,
                              std::size_t total) {
  const auto start = Clock::now();
  ListwiseRanker ranker(model, query, max_length, options, total);
  std::string document;
  for (std::size_t index = 0;; ++index) {
    PODIUM_TRY(const bool more, documents.next());
    if (!more && index == 0) return no_documents();
    if (!more) break;
    DocumentText text(documents, index);
    document.clear();
    for (;;) {
      PODIUM_TRY(const std::string_view part, text.read());
      if (part.empty()) break;
      document += part;
    }
    ranker.add(document);
  }
  Ranking ranking = ranker.finish();
  ranking.timings.total_ms = since(start);
  return ranking;
}

}  // namespace podium
