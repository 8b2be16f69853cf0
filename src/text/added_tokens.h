// The tokens that tokenizer.json adds to the model's vocabulary. They are found in the text itself,
// before the model sees it, longest first, in linear time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "podium/options.h"
#include "text/parts.h"
#include "text/trie.h"

namespace podium::text {

struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;
  bool single_word = false;  // only where no word character is next to it
  bool left_strip = false;   // takes the whitespace before it along
  bool right_strip = false;  // and after it
  bool normalized = true;    // looked for in the normalized text, else in the raw one
};

// The "added_tokens" of tokenizer.json; none if the field is missing.
Result<std::vector<AddedToken>> read_added_tokens(const Spec& root);

// Finds a set of added tokens in a text.
class AddedTokenMatcher {
 public:
  struct Match {
    TokenId id;
    std::size_t begin;
    std::size_t end;
  };

  AddedTokenMatcher() = default;
  // `normalizer` is applied to what is looked for; may be null.
  static Result<AddedTokenMatcher> build(std::vector<AddedToken> tokens,
                                         const Normalizer* normalizer);

  bool empty() const { return tokens_.empty(); }

  // Where the search stands; a new one begins at {}.
  struct Cursor {
    std::size_t searched = 0;  // no match begins before it
    std::size_t taken = 0;     // the end of the last match, whitespace included
  };
  // The next match; nothing when there is none left.
  std::optional<Match> next(std::string_view text, Cursor& cursor) const;

  std::size_t memory_bytes() const { return trie_.memory_bytes(); }

 private:
  // The longest token that begins at `at`; its index in tokens_, -1 if there is none.
  std::int32_t longest_at(std::string_view text, std::size_t at, std::size_t& end) const;

  std::vector<AddedToken> tokens_;  // by value in the trie
  Trie trie_;
  std::array<bool, 256> begins_{};  // whether a token begins with this byte
};

}  // namespace podium::text
