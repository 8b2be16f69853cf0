// The engine: load a model once, then rank documents against queries.
//
// An Engine is immutable after load(). All const member functions may be called from any number of
// threads at once; the sequences of concurrent calls go through the compute threads together, in
// batches that are shared fairly (RankOptions::client). A document's score depends only on the
// query, the document and the model: never on the other documents, their order, the batch, other
// calls or the number of threads (equal to the bit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podium/options.h"
#include "podium/result.h"

namespace podium {

// A part of a document that speaks to the query.
struct Passage {
  std::size_t begin = 0;  // in Unicode characters (code points) of the document as given
  std::size_t end = 0;    // behind the last
  double score = 0;       // of the passage by itself; see RankOptions::score
};

struct RankedDocument {
  std::size_t index = 0;          // position in the documents as given
  double relevance_score = 0;     // see RankOptions::score
  std::size_t tokens = 0;         // tokens encoded for this document, special tokens included
  std::size_t windows = 1;        // sequences that it was read in
  bool truncated = false;         // something of the query or the document was left out
  Effort depth = Effort::full;    // that it was read to: less for one that was settled early
  std::vector<Passage> passages;  // best first, none overlapping; see RankOptions::passages
};

struct Usage {
  std::size_t query_tokens = 0;  // of the query alone, before any cut
  std::size_t total_tokens = 0;  // all tokens that were read
  std::size_t known_tokens = 0;  // of them, those of documents seen before: not encoded again
  // The layers that the tokens were read to, as a share of all layers for all tokens: less than 1
  // where documents were settled early or less effort was asked for. Documents seen before count
  // as if they were encoded.
  double work = 1;
};

// Wall-clock milliseconds.
struct Timings {
  double tokenize_ms = 0;
  double encode_ms = 0;  // waiting for the encoder: its own batches and those of other calls
  double total_ms = 0;
};

struct Ranking {
  std::vector<RankedDocument> results;  // best first; equal scores keep the input order
  Usage usage;
  Timings timings;
};

// Documents that come one after the other: for what is not to be in memory at once.
class DocumentSource {
 public:
  virtual ~DocumentSource() = default;
  // Goes on to the next document; false after the last one.
  virtual Result<bool> next() = 0;
  // The next part of its text: UTF-8, cut anywhere, valid until the next call; empty at its end.
  virtual Result<std::string_view> read() = 0;
};

// One token of a text. Offsets count Unicode characters (code points) of the text as given; a
// special token added by the template has begin == end == 0.
struct TokenSpan {
  std::int32_t id = 0;
  std::string_view piece;  // the vocabulary entry; lives as long as the engine
  std::size_t begin = 0;
  std::size_t end = 0;
};

// What was loaded, for people and for /info endpoints. Bytes count memory, not files.
struct ModelInfo {
  std::string name;          // directory name, or the built-in model's own name
  std::string architecture;  // registry name, e.g. "xlm-roberta"
  std::string head;          // "cross-encoder", "bi-encoder", "late-interaction" or "listwise"
  std::string weights;       // stored types, e.g. "bf16" or "q4_0 + f32"
  bool has_depths = false;   // see Effort
  std::string tokenizer;     // e.g. "Unigram, 250002 pieces"
  std::string precision;     // what the matrix products run in, e.g. "fp32"
  std::string certificate;   // why automatic precision chose that; empty if it was asked for
  std::string isa;           // the kernels chosen, e.g. "avx512"
  std::uint64_t parameters = 0;
  std::size_t hidden_size = 0;
  std::size_t num_hidden_layers = 0;
  std::size_t num_attention_heads = 0;
  std::size_t intermediate_size = 0;
  std::size_t vocab_size = 0;
  std::size_t max_length = 0;       // longest sequence in tokens, special tokens included
  std::size_t weight_bytes = 0;     // packed weights held in memory
  std::size_t mapped_bytes = 0;     // weights read in place from the file
  std::size_t tokenizer_bytes = 0;  // vocabulary tables
  std::size_t workspace_bytes = 0;  // activations: fixed at load, whatever is ranked
  std::size_t batch_tokens = 0;
  int threads = 0;
};

// What waits in an engine, for Retry-After headers and gauges.
struct QueueState {
  std::size_t requests = 0;        // calls in progress
  std::size_t waiting_tokens = 0;  // not encoded yet, about
  double tokens_per_second = 0;    // recent speed of the encoder; 0 before the first batch
};

class Engine {
 public:
  // Loads a model and allocates everything ranking needs. Errors name the file or tensor at fault.
  static Result<Engine> load(const EngineOptions& options);

  // Ranks documents against one query. Errors: empty query, no documents, text that is not UTF-8.
  // overloaded, deadline_exceeded, cancelled (RankOptions). An empty document is ranked like any
  // other.
  Result<Ranking> rank(std::string_view query, std::span<const std::string_view> documents,
                       const RankOptions& options = {}) const;

  // The same for documents that are read as they are ranked. What is held at once does not grow
  // with their length. Errors: those of the source too.
  Result<Ranking> rank(std::string_view query, DocumentSource& documents,
                       const RankOptions& options = {}) const;

  // The tokens of one text with the model's special tokens around it, uncut.
  Result<std::vector<TokenSpan>> tokenize(std::string_view text) const;

  // The unit-length vectors of texts, in order, row-major [texts.size(), info().hidden_size].
  // Only bi-encoders have them; `query` chooses the prefix. Texts beyond max_length are cut.
  Result<std::vector<float>> embed(std::span<const std::string_view> texts, bool query) const;

  const ModelInfo& info() const;
  QueueState queue() const;

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podium
