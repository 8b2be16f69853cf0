// Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909): a piece starts as its characters,
// and of all known pairs of neighbours the one learnt first is joined, until none is left.
#include <algorithm>
#include <array>
#include <utility>

#include "text/merge_table.h"
#include "text/registry.h"

namespace podium::text {

namespace {

struct Symbol {
  TokenId id;
  std::uint32_t begin;  // in the text
  std::uint32_t end;    // equal to begin: joined to the symbol before it
  std::int32_t previous;
  std::int32_t next;  // -1: the last one
};

// symbols[at] and its successor, who may join. The lowest rank goes first, of equal ones the
// leftmost.
struct Candidate {
  std::uint32_t rank;
  std::int32_t at;
  TokenId joined;
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : at > other.at;
  }
};

struct BpeOptions {
  TokenId unknown = -1;  // -1: unknown characters vanish
  bool fuse_unknown = false;
  bool byte_fallback = false;  // an unknown character becomes its bytes, if all are pieces
  bool ignore_merges = false;  // a piece that is in the vocabulary stays whole
  std::string inner_prefix;    // of every character but a piece's first
  std::string last_suffix;     // of a piece's last character
};

class Bpe final : public Model {
 public:
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
      : Model(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
    for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
      bytes_[byte] = this->vocabulary().trie().find(fmt::format("<0x{:02X}>", byte));
    }
  }

  std::string_view name() const override { return "BPE"; }
  std::size_t memory_bytes() const override {
    return Model::memory_bytes() + merges_.memory_bytes();
  }

  void tokenize(const Pieces& pieces, std::vector<LatticeNode>&, TokenSink& out) const override {
    thread_local Scratch scratch;
    for (const Piece piece : pieces.spans) {
      const auto text = std::string_view(pieces.text.bytes).substr(0, piece.end);
      const TokenId whole =
          options_.ignore_merges ? vocabulary().trie().find(text.substr(piece.begin)) : -1;
      if (whole >= 0) {
        out.add(whole, piece.begin, piece.end);
        continue;
      }
      scratch.symbols.clear();
      split(text, piece.begin, scratch);
      join(scratch);
      for (const Symbol& symbol : scratch.symbols) {
        if (symbol.begin < symbol.end) out.add(symbol.id, symbol.begin, symbol.end);
      }
    }
    if (pieces.text.size() > kKeptScratch) scratch = {};
  }

 private:
  struct Scratch {
    std::vector<Symbol> symbols;
    std::vector<Candidate> queue;  // a heap
    std::string spelled;
  };

  void split(std::string_view text, std::uint32_t begin, Scratch& scratch) const {
    for (std::uint32_t at = begin; at < text.size();) {
      const std::uint32_t end = at + character_at(text, at).length;
      const TokenId id = find_character(text, begin, at, end, scratch.spelled);
      if (id >= 0) {
        append(scratch.symbols, id, at, end);
      } else {
        append_unknown(scratch.symbols, text, at, end);
      }
      at = end;
    }
  }

  TokenId find_character(std::string_view text, std::uint32_t begin, std::uint32_t at,
                         std::uint32_t end, std::string& spelled) const {
    const std::string_view character = text.substr(at, end - at);
    const bool inner = at > begin && !options_.inner_prefix.empty();
    const bool last = end == text.size() && !options_.last_suffix.empty();
    if (!inner && !last) return vocabulary().trie().find(character);
    spelled.clear();
    if (inner) spelled += options_.inner_prefix;
    spelled += character;
    if (last) spelled += options_.last_suffix;
    return vocabulary().trie().find(spelled);
  }

  void append_unknown(std::vector<Symbol>& symbols, std::string_view text, std::uint32_t at,
                      std::uint32_t end) const {
    const auto byte_id = [&](std::uint32_t i) {
      return bytes_[static_cast<unsigned char>(text[i])];
    };
    bool all_bytes = options_.byte_fallback;
    for (std::uint32_t i = at; i < end; ++i) all_bytes = all_bytes && byte_id(i) >= 0;
    if (all_bytes) {
      for (std::uint32_t i = at; i < end; ++i) append(symbols, byte_id(i), i, i + 1);
    } else if (options_.unknown >= 0) {
      const bool fuse = options_.fuse_unknown && !symbols.empty() &&
                        symbols.back().id == options_.unknown && symbols.back().end == at;
      if (fuse) {
        symbols.back().end = end;
      } else {
        append(symbols, options_.unknown, at, end);
      }
    }
  }

  static void append(std::vector<Symbol>& symbols, TokenId id, std::uint32_t begin,
                     std::uint32_t end) {
    const auto index = static_cast<std::int32_t>(symbols.size());
    if (index > 0) symbols.back().next = index;
    symbols.push_back({id, begin, end, index - 1, -1});
  }

  void join(Scratch& scratch) const {
    std::vector<Symbol>& symbols = scratch.symbols;
    std::vector<Candidate>& queue = scratch.queue;
    const auto symbol = [&](std::int32_t at) -> Symbol& {
      return symbols[static_cast<std::size_t>(at)];
    };
    const auto merge_at = [&](std::int32_t at) -> const Merge* {
      const std::int32_t next = symbol(at).next;
      return next < 0 ? nullptr : merges_.find(symbol(at).id, symbol(next).id);
    };
    const auto propose = [&](std::int32_t at) {
      const Merge* merge = at < 0 ? nullptr : merge_at(at);
      if (merge != nullptr) queue.push_back({merge->rank, at, merge->joined});
      return merge != nullptr;
    };
    const auto push = [&](std::int32_t at) {
      if (propose(at)) std::push_heap(queue.begin(), queue.end());
    };
    queue.clear();
    for (std::int32_t at = 0; at < static_cast<std::int32_t>(symbols.size()); ++at) propose(at);
    std::make_heap(queue.begin(), queue.end());
    while (!queue.empty()) {
      const Candidate best = queue.front();
      std::pop_heap(queue.begin(), queue.end());
      queue.pop_back();
      Symbol& left = symbol(best.at);
      // One of the two may have joined another since.
      const Merge* merge = left.begin < left.end ? merge_at(best.at) : nullptr;
      if (merge == nullptr || merge->joined != best.joined) continue;
      Symbol& right = symbol(left.next);
      left.id = best.joined;
      left.end = right.end;
      left.next = right.next;
      right.begin = right.end;
      if (left.next >= 0) symbol(left.next).previous = best.at;
      push(left.previous);
      push(best.at);
    }
  }

  MergeTable merges_;
  BpeOptions options_;
  std::array<TokenId, 256> bytes_{};
};

// A merge is written "left right", or since tokenizers 0.20 ["left", "right"].
std::optional<std::pair<std::string_view, std::string_view>> read_pair(json::Value merge) {
  if (const auto text = merge.as_string()) {
    const std::size_t space = text->find(' ');
    if (space == text->npos || text->find(' ', space + 1) != text->npos) return std::nullopt;
    return std::pair(text->substr(0, space), text->substr(space + 1));
  }
  std::vector<std::optional<std::string_view>> parts;
  merge.for_each_element([&](json::Value part) {
    parts.push_back(part.as_string());
    return parts.size() < 3;
  });
  if (parts.size() != 2) return std::nullopt;
  const auto& [first, second] = std::pair(parts[0], parts[1]);
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

Result<MergeTable> read_merges(const Spec& merges, const Vocabulary& vocabulary,
                               std::string_view inner_prefix) {
  MergeTable table(merges.value().size());
  std::uint32_t rank = 0;
  std::optional<std::string> problem;
  std::string spelled;
  merges.value().for_each_element([&](json::Value merge) {
    const auto pair = read_pair(merge);
    if (!pair) {
      problem = fmt::format("has an entry that is no pair of tokens: {}", merge.to_text());
      return false;
    }
    spelled = pair->first;
    spelled += pair->second.starts_with(inner_prefix) ? pair->second.substr(inner_prefix.size())
                                                      : pair->second;
    const TokenId left = vocabulary.find(pair->first);
    const TokenId right = vocabulary.find(pair->second);
    if (left < 0 || right < 0 || vocabulary.find(spelled) < 0) {
      problem = fmt::format("has the pair {}, which the vocabulary lacks or cannot join",
                            merge.to_text());
      return false;
    }
    // What is hidden is not in the trie, and text never joins to it.
    const TokenId joined = vocabulary.trie().find(spelled);
    if (joined >= 0) table.insert({left, right, joined, rank});
    ++rank;
    return true;
  });
  if (problem) return merges.malformed(*problem);
  return table;
}

}  // namespace

Result<std::unique_ptr<Model>> make_bpe(const Spec& spec, HiddenPieces hidden) {
  PODIUM_TRY(const Spec vocab, spec.object("vocab"));
  PODIUM_TRY(const std::vector<std::string_view> pieces, read_pieces(vocab));
  PODIUM_TRY(Vocabulary vocabulary, Vocabulary::build(pieces, hidden));
  BpeOptions options;
  PODIUM_TRY(options.fuse_unknown, spec.boolean_or("fuse_unk", false));
  PODIUM_TRY(options.byte_fallback, spec.boolean_or("byte_fallback", false));
  PODIUM_TRY(options.ignore_merges, spec.boolean_or("ignore_merges", false));
  PODIUM_TRY(options.inner_prefix, spec.string_or("continuing_subword_prefix", ""));
  PODIUM_TRY(options.last_suffix, spec.string_or("end_of_word_suffix", ""));
  if (const auto dropout = spec.find("dropout"); dropout && dropout->as_double() != 0.0) {
    return spec.unsupported("has a dropout, with which tokens are a matter of chance");
  }
  if (spec.find("unk_token")) {
    PODIUM_TRY(const std::string_view unknown, spec.string("unk_token"));
    options.unknown = vocabulary.find(unknown);
    if (options.unknown < 0) {
      return spec.malformed(fmt::format("lacks its unk_token \"{}\"", unknown));
    }
  }
  PODIUM_TRY(const Spec merges, spec.array("merges"));
  PODIUM_TRY(MergeTable table, read_merges(merges, vocabulary, options.inner_prefix));
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(table), std::move(options));
}

}  // namespace podium::text
