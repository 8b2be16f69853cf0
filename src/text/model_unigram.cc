// Unigram (Kudo 2018): of all ways to cut a piece of text into vocabulary pieces, the one with the
// largest sum of log probabilities, found by Viterbi. Scores are added in double precision from
// left to right and the first of equal ways is kept, as Hugging Face does, so that ties fall alike.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "text/parts.h"

namespace podium::text {

namespace {

// How much worse than the worst piece a character outside the vocabulary is (sentencepiece).
constexpr double kUnknownPenalty = 10.0;
// Keeps sums over any text finite.
constexpr double kMaxScore = 1e100;

std::size_t character_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

class Unigram final : public Model {
 public:
  Unigram(Vocabulary vocabulary, std::vector<double> scores, TokenId unknown, bool byte_fallback)
      : Model(std::move(vocabulary)), scores_(std::move(scores)), unknown_(unknown) {
    unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
    if (byte_fallback) find_bytes();
  }

  std::string_view name() const override { return "Unigram"; }

  std::size_t memory_bytes() const override {
    return Model::memory_bytes() + scores_.capacity() * sizeof(double);
  }

  void tokenize(const Pieces& pieces, std::vector<LatticeNode>& lattice,
                TokenSink& out) const override {
    for (const Piece piece : pieces.spans) {
      const auto text =
          std::string_view(pieces.text.bytes).substr(piece.begin, piece.end - piece.begin);
      find_best(text, lattice);
      reverse_links(text.size(), lattice);
      emit(text, piece.begin, lattice, out);
    }
  }

 private:
  // lattice[i] becomes the last token of the best way to byte i.
  void find_best(std::string_view text, std::vector<LatticeNode>& lattice) const {
    const Trie& trie = vocabulary().trie();
    constexpr double kUnreached = -std::numeric_limits<double>::infinity();
    lattice.assign(text.size() + 1, {kUnreached, 0, 0});
    lattice[0].score = 0;
    const auto reach = [&](std::size_t from, std::size_t to, double score, TokenId id) {
      const double total = score + lattice[from].score;
      if (total > lattice[to].score)
        lattice[to] = {total, id, static_cast<std::uint32_t>(to - from)};
    };
    std::size_t next = 0;
    for (std::size_t at = 0; at < text.size(); at = next) {
      next = at + character_length(text[at]);
      bool next_reached = false;
      Trie::Node node = Trie::kRoot;
      for (std::size_t end = at; end < text.size() && trie.step(node, text[end]);) {
        ++end;
        const TokenId id = trie.value(node);
        if (id < 0) continue;
        reach(at, end, scores_[static_cast<std::size_t>(id)], id);
        next_reached |= end == next;
      }
      if (!next_reached) reach(at, next, unknown_score_, unknown_);
    }
  }

  // Turns "the token that ends here" into "the token that starts here" along the best way.
  static void reverse_links(std::size_t end, std::vector<LatticeNode>& lattice) {
    LatticeNode last = lattice[end];
    while (end > 0) {
      const std::size_t begin = end - last.length;
      std::swap(last, lattice[begin]);
      end = begin;
    }
  }

  void emit(std::string_view text, std::size_t offset, const std::vector<LatticeNode>& lattice,
            TokenSink& out) const {
    for (std::size_t at = 0; at < text.size();) {
      const TokenId id = lattice[at].id;
      std::size_t end = at + lattice[at].length;
      if (id != unknown_) {
        out.add(id, offset + at, offset + end);
      } else {
        while (end < text.size() && lattice[end].id == unknown_) end += lattice[end].length;
        emit_unknown(text.substr(at, end - at), offset + at, out);
      }
      at = end;
    }
  }

  void emit_unknown(std::string_view run, std::size_t offset, TokenSink& out) const {
    const bool spelled =
        std::all_of(run.begin(), run.end(), [&](char c) { return byte_id(c) >= 0; }) &&
        vocabulary().trie().find(run) < 0;
    if (!spelled) return out.add(unknown_, offset, offset + run.size());
    for (const char byte : run) out.add(byte_id(byte), offset, offset + run.size());
  }

  TokenId byte_id(char byte) const { return byte_ids_[static_cast<unsigned char>(byte)]; }

  void find_bytes() {
    for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
      byte_ids_[byte] = vocabulary().find(fmt::format("<0x{:02X}>", byte));
    }
  }

  std::vector<double> scores_;  // by id
  double unknown_score_;
  TokenId unknown_;
  std::array<TokenId, 256> byte_ids_ = [] {
    std::array<TokenId, 256> none;
    none.fill(-1);
    return none;
  }();
};

struct ScoredPieces {
  std::vector<std::string_view> pieces;
  std::vector<double> scores;
};

Result<ScoredPieces> read_vocabulary(const Spec& vocab) {
  ScoredPieces out;
  bool good = true;
  vocab.value().for_each_element([&](json::Value entry) {
    std::optional<std::string_view> piece;
    std::optional<double> score;
    int fields = 0;
    entry.for_each_element([&](json::Value field) {
      if (fields == 0) piece = field.as_string();
      if (fields == 1) score = field.as_double();
      return ++fields < 3;
    });
    good = fields == 2 && piece && score && std::abs(*score) < kMaxScore &&
           out.pieces.size() <= static_cast<std::size_t>(kMaxTokenId);
    if (good) {
      out.pieces.push_back(*piece);
      out.scores.push_back(*score);
    }
    return good;
  });
  if (good && !out.pieces.empty()) return out;
  if (good) return vocab.malformed("is empty");
  return vocab.malformed(
      fmt::format("has no [piece, finite score] as element {}", out.pieces.size()));
}

}  // namespace

Result<std::unique_ptr<Model>> make_unigram(const Spec& spec, HiddenPieces hidden) {
  PODIUM_TRY(const Spec vocab, spec.array("vocab"));
  PODIUM_TRY(ScoredPieces scored, read_vocabulary(vocab));
  PODIUM_TRY(const std::int64_t unknown, spec.integer("unk_id"));
  PODIUM_TRY(const bool byte_fallback, spec.boolean_or("byte_fallback", false));
  if (unknown < 0 || static_cast<std::size_t>(unknown) >= scored.pieces.size()) {
    return spec.malformed(
        fmt::format("has unk_id {} outside its {} pieces", unknown, scored.pieces.size()));
  }
  PODIUM_TRY(Vocabulary vocabulary, Vocabulary::build(scored.pieces, hidden));
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(scored.scores),
                                   static_cast<TokenId>(unknown), byte_fallback);
}

}  // namespace podium::text
