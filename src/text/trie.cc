#include "text/trie.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

namespace podium::text {

namespace {

constexpr std::uint32_t kBlock = 256;
constexpr int kEnd = -1;  // the "byte" after the last one of a key

// 256 flags, one per unit of a block.
using Flags = std::array<std::uint64_t, 4>;

void reset(Flags& flags, std::uint32_t bit) { flags[bit / 64] &= ~(std::uint64_t{1} << bit % 64); }

// Flag i of the result is flag i ^ label of the input.
Flags permuted(const Flags& flags, std::uint32_t label) {
  constexpr std::array<std::uint64_t, 6> kLow = {0x5555555555555555, 0x3333333333333333,
                                                 0x0F0F0F0F0F0F0F0F, 0x00FF00FF00FF00FF,
                                                 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF};
  Flags out;
  for (std::uint32_t word = 0; word < 4; ++word) {
    std::uint64_t bits = flags[word ^ label / 64];
    for (std::uint32_t i = 0; i < 6; ++i) {
      if ((label >> i & 1) == 0) continue;
      const std::uint32_t shift = 1U << i;
      bits = (bits & kLow[i]) << shift | (bits >> shift & kLow[i]);
    }
    out[word] = bits;
  }
  return out;
}

std::optional<std::uint32_t> first(const Flags& flags) {
  for (std::uint32_t word = 0; word < 4; ++word) {
    if (flags[word] != 0) {
      return word * 64 + static_cast<std::uint32_t>(std::countr_zero(flags[word]));
    }
  }
  return std::nullopt;
}

}  // namespace

class TrieBuilder {
 public:
  explicit TrieBuilder(std::vector<Trie::Entry> entries)
      : entries_(std::move(entries)), sorted_(entries_.size()) {}

  Result<Trie> build() {
    trie_.units_.reserve(entries_.size() * 4);
    blocks_.push_back({{}, {}});
    std::vector<Range> level = {{0, static_cast<std::uint32_t>(entries_.size()), Trie::kRoot}};
    for (std::size_t depth = 0; !level.empty(); ++depth) {
      next_level_.clear();
      for (const Range& range : level) {
        if (!expand(range, depth)) {
          return fail(ErrorCode::unsupported, "the vocabulary is too large for the trie");
        }
      }
      std::swap(level, next_level_);
    }
    trie_.units_.shrink_to_fit();
    return std::move(trie_);
  }

 private:
  // Entries [begin, end) share the bytes that lead to `node`.
  struct Range {
    std::uint32_t begin;
    std::uint32_t end;
    Trie::Node node;
  };
  struct Block {
    Flags free;        // units without an owner
    Flags free_bases;  // bases without an owner
  };

  static int byte_at(const Trie::Entry& entry, std::size_t depth) {
    return depth < entry.key.size() ? static_cast<unsigned char>(entry.key[depth]) : kEnd;
  }

  // Sorts the entries of the range by their byte at `depth`, ended keys first.
  void sort(const Range& range, std::size_t depth) {
    const auto begin = entries_.begin() + range.begin, end = entries_.begin() + range.end;
    if (range.end - range.begin <= 32) {
      for (auto i = begin; i != end; ++i) {
        const Trie::Entry entry = *i;
        auto j = i;
        for (; j != begin && byte_at(*(j - 1), depth) > byte_at(entry, depth); --j) *j = *(j - 1);
        *j = entry;
      }
      return;
    }
    std::array<std::uint32_t, 258> start{};
    for (auto i = begin; i != end; ++i) ++start[static_cast<std::size_t>(byte_at(*i, depth) + 2)];
    for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
    for (auto i = begin; i != end; ++i) {
      sorted_[start[static_cast<std::size_t>(byte_at(*i, depth) + 1)]++] = *i;
    }
    std::copy_n(sorted_.begin(), range.end - range.begin, begin);
  }

  bool expand(const Range& range, std::size_t depth) {
    sort(range, depth);
    std::uint32_t at = range.begin;
    for (; at < range.end && byte_at(entries_[at], depth) == kEnd; ++at) {
      auto& value = trie_.units_[range.node].value;
      value = std::max(value, entries_[at].value);
    }
    if (at == range.end) return true;
    labels_.clear();
    for (std::uint32_t i = at; i < range.end; ++i) {
      const auto label = static_cast<std::uint32_t>(byte_at(entries_[i], depth));
      if (labels_.empty() || labels_.back() != label) labels_.push_back(label);
    }
    const auto base = take_base();
    if (!base) return false;
    auto& link = trie_.units_[range.node].link;
    link = *base << Trie::kLabelBits | (link & Trie::kLabelMask);
    for (const std::uint32_t label : labels_) {
      const Trie::Node child = *base ^ label;
      trie_.units_[child].link = label;
      const std::uint32_t begin = at;
      while (at < range.end && byte_at(entries_[at], depth) == static_cast<int>(label)) ++at;
      next_level_.push_back({begin, at, child});
    }
    return true;
  }

  // A base whose units for all labels_ are free; they are taken. Nothing if the trie is full.
  std::optional<std::uint32_t> take_base() {
    // A node with many children finds room only in young blocks; single children fill the old ones.
    constexpr std::size_t kTries = 8;
    std::size_t block = first_open_;
    if (labels_.size() > 1) {
      block = std::max(block, blocks_.size() - std::min(blocks_.size(), kTries));
    }
    for (; block < blocks_.size(); ++block) {
      if (const auto base = base_in(block)) return take(block, *base);
      if (block == first_open_ && labels_.size() == 1) ++first_open_;
    }
    if ((blocks_.size() + 1) * kBlock > Trie::kMaxUnits) return std::nullopt;
    blocks_.push_back({{~0ULL, ~0ULL, ~0ULL, ~0ULL}, {~0ULL, ~0ULL, ~0ULL, ~0ULL}});
    trie_.units_.resize(blocks_.size() * kBlock);
    return take(block, *base_in(block));
  }

  std::optional<std::uint32_t> base_in(std::size_t block) const {
    Flags fits = blocks_[block].free_bases;
    for (const std::uint32_t label : labels_) {
      const Flags free = permuted(blocks_[block].free, label);
      for (std::size_t word = 0; word < 4; ++word) fits[word] &= free[word];
    }
    return first(fits);
  }

  std::uint32_t take(std::size_t block, std::uint32_t base) {
    reset(blocks_[block].free_bases, base);
    for (const std::uint32_t label : labels_) reset(blocks_[block].free, base ^ label);
    return static_cast<std::uint32_t>(block) * kBlock + base;
  }

  std::vector<Trie::Entry> entries_;
  std::vector<Trie::Entry> sorted_;
  std::vector<Range> next_level_;
  std::vector<std::uint32_t> labels_;
  std::vector<Block> blocks_;
  std::size_t first_open_ = 1;  // no block before it has room
  Trie trie_;
};

Trie::Trie() : units_(kBlock) {}

Result<Trie> Trie::build(std::vector<Entry> entries) {
  return TrieBuilder(std::move(entries)).build();
}

std::int32_t Trie::find(std::string_view key) const {
  Node node = kRoot;
  for (const char byte : key) {
    if (!step(node, byte)) return -1;
  }
  return value(node);
}

}  // namespace podium::text
