// The pieces of a model, by id and by text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/spec.h"
#include "text/tokenizer.h"
#include "text/trie.h"

namespace podium::text {

// No vocabulary has ids beyond this; a larger one in a file is an error, not an allocation.
constexpr TokenId kMaxTokenId = (1 << 22) - 1;

// Pieces that no text may turn into: special tokens that are to be read as text.
using HiddenPieces = std::span<const std::string_view>;

// The pieces by id of a "vocab" that maps them to ids, as WordPiece and BPE write it.
Result<std::vector<std::string_view>> read_pieces(const Spec& vocab);

class Vocabulary {
 public:
  // `pieces` by id; an empty one is an id without a piece. Of equal pieces the last id counts.
  static Result<Vocabulary> build(std::span<const std::string_view> pieces, HiddenPieces hidden);

  // The id of a piece, hidden or not; -1 if there is none.
  TokenId find(std::string_view piece) const;

  std::size_t size() const { return starts_.size() - 1; }  // largest id + 1
  std::string_view piece(TokenId id) const;                // empty for an unknown id

  // What text may turn into: all pieces but the hidden ones.
  const Trie& trie() const { return trie_; }

  std::size_t memory_bytes() const;

 private:
  struct Hidden {
    std::string piece;
    TokenId id;
  };
  std::string bytes_;                  // all pieces one after the other
  std::vector<std::uint32_t> starts_;  // of each id in bytes_, and the end
  std::vector<Hidden> hidden_;
  Trie trie_;
};

}  // namespace podium::text
