// Strings to token ids, as tokenizer.json says: the pipeline added tokens -> normalizer ->
// pre-tokenizer -> model, and the post-processor's template around single texts and pairs. Ids
// equal those of the Hugging Face `tokenizers` package.
//
// A Tokenizer is immutable; all const members may be called from many threads, each with its own
// Encoding. Time is linear in the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "podium/options.h"

namespace podium::text {

using TokenId = std::int32_t;

// Bytes of the text as given: [begin, end). Always at character borders of valid UTF-8.
struct Offset {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The tokens of one text without special tokens. ids and offsets have equal length.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<Offset> offsets;
  void clear() {
    ids.clear();
    offsets.clear();
  }
};

// One sequence ready for the encoder. type_ids has the length of ids.
struct Sequence {
  std::vector<TokenId> ids;
  std::vector<std::uint8_t> type_ids;
  bool truncated = false;
};

// How many tokens of a query and of a document stand in a pair.
struct PairShare {
  std::size_t query = 0;
  std::size_t document = 0;
};

// At which blanks a text may be cut without changing its tokens, if they allow it there.
enum class BlankCuts {
  none,
  at_spaces,      // U+0020 alone
  at_whitespace,  // and line ends and tabs
};

class Tokenizer {
 public:
  static Result<Tokenizer> from_json(std::string_view tokenizer_json,
                                     SpecialTokens special_tokens = SpecialTokens::text);

  // Replaces `out` with the tokens of `text`. Ill-formed UTF-8 reads as U+FFFD (utf8::decode).
  void encode(std::string_view text, Encoding& out) const;

  // `<s> A </s>` by the template; cut at the end of A to max_length (0: uncut).
  void build_single(std::span<const TokenId> text, std::size_t max_length, Sequence& out) const;

  // The pair template; cut to max_length (0: uncut) by Hugging Face's longest_first rule
  // (shared with tokenizers: the longer text loses its end first).
  void build_pair(std::span<const TokenId> query, std::span<const TokenId> document,
                  std::size_t max_length, Sequence& out) const;

  // What build_pair keeps of both.
  PairShare share_in_pair(std::size_t query, std::size_t document, std::size_t max_length) const;

  BlankCuts blank_cuts() const;

  std::size_t special_tokens_in_single() const;
  std::size_t special_tokens_in_pair() const;

  // The sequence length of build_pair without building it.
  std::size_t pair_length(std::size_t query, std::size_t document, std::size_t max_length) const;

  TokenId id_of(std::string_view piece) const;  // -1 if there is none
  std::size_t vocab_size() const;               // largest id + 1, added tokens included
  std::string_view piece(TokenId id) const;     // empty for an unknown id
  std::string describe() const;                 // "Unigram, 250002 pieces"
  std::size_t memory_bytes() const;             // heap held by the tables, about

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

 private:
  struct Pipeline;
  explicit Tokenizer(std::unique_ptr<Pipeline> pipeline);
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace podium::text
