// WordPiece (Schuster & Nakajima 2012): a word is cut into the longest pieces of the vocabulary
// from left to right; pieces inside a word carry a prefix there ("##"). A word that cannot be cut
// so, or that is too long, is one unknown token.
#include <utility>

#include "text/registry.h"

namespace podium::text {

namespace {

class WordPiece final : public Model {
 public:
  WordPiece(Vocabulary vocabulary, TokenId unknown, std::string_view prefix, std::size_t longest)
      : Model(std::move(vocabulary)), unknown_(unknown), longest_word_(longest) {
    // Searches inside a word start below the prefix, if anything is there.
    for (const char byte : prefix) {
      if (has_inner_pieces_) has_inner_pieces_ = this->vocabulary().trie().step(inner_root_, byte);
    }
  }

  std::string_view name() const override { return "WordPiece"; }

  void tokenize(const Pieces& pieces, std::vector<LatticeNode>& lattice,
                TokenSink& out) const override {
    for (const Piece piece : pieces.spans) {
      const auto word = std::string_view(pieces.text.bytes).substr(0, piece.end);
      if (!cut(word, piece.begin, lattice)) {
        out.add(unknown_, piece.begin, piece.end);
        continue;
      }
      std::size_t at = piece.begin;
      for (const LatticeNode& token : lattice) {
        out.add(token.id, at, at + token.length);
        at += token.length;
      }
    }
  }

 private:
  // The tokens of text[begin, end of text); false if there are none.
  bool cut(std::string_view text, std::size_t begin, std::vector<LatticeNode>& tokens) const {
    tokens.clear();
    if (is_too_long(text.substr(begin))) return false;
    for (std::size_t at = begin; at < text.size();) {
      if (at > begin && !has_inner_pieces_) return false;
      Trie::Node node = at == begin ? Trie::kRoot : inner_root_;
      LatticeNode longest = {0, -1, 0};
      for (std::size_t end = at; end < text.size() && vocabulary().trie().step(node, text[end]);) {
        ++end;
        const TokenId id = vocabulary().trie().value(node);
        if (id >= 0) longest = {0, id, static_cast<std::uint32_t>(end - at)};
      }
      if (longest.id < 0) return false;
      tokens.push_back(longest);
      at += longest.length;
    }
    return true;
  }

  bool is_too_long(std::string_view word) const {
    if (word.size() <= longest_word_) return false;
    std::size_t characters = 0;
    for (const char byte : word) characters += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    return characters > longest_word_;
  }

  TokenId unknown_;
  std::size_t longest_word_;  // in characters
  Trie::Node inner_root_ = Trie::kRoot;
  bool has_inner_pieces_ = true;
};

}  // namespace

Result<std::unique_ptr<Model>> make_wordpiece(const Spec& spec, HiddenPieces hidden) {
  PODIUM_TRY(const Spec vocab, spec.object("vocab"));
  PODIUM_TRY(const std::vector<std::string_view> pieces, read_pieces(vocab));
  PODIUM_TRY(const std::string_view unknown, spec.string_or("unk_token", "[UNK]"));
  PODIUM_TRY(const std::string_view prefix, spec.string_or("continuing_subword_prefix", "##"));
  PODIUM_TRY(const std::int64_t longest, spec.integer_or("max_input_chars_per_word", 100));
  if (longest < 0) return spec.malformed("has a negative max_input_chars_per_word");
  PODIUM_TRY(Vocabulary vocabulary, Vocabulary::build(pieces, hidden));
  const TokenId unknown_id = vocabulary.find(unknown);
  if (unknown_id < 0) return spec.malformed(fmt::format("lacks its unk_token \"{}\"", unknown));
  return std::make_unique<WordPiece>(std::move(vocabulary), unknown_id, prefix,
                                     static_cast<std::size_t>(longest));
}

}  // namespace podium::text
