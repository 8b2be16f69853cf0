#include "text/trie.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>
#include <utility>

namespace podium::text {

namespace {

constexpr std::uint32_t kBlock = 256;
constexpr int kEnd = -1;  // the "byte" after the last one of a key

// 256 flags, one per unit of a block.
using Flags = std::array<std::uint64_t, 4>;

void reset(Flags& flags, std::uint32_t bit) { flags[bit / 64] &= ~(std::uint64_t{1} << bit % 64); }

bool test(const Flags& flags, std::uint32_t bit) { return (flags[bit / 64] >> bit % 64 & 1) != 0; }

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
    if (range.end - range.begin == 1) return;
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
    const auto slot = [depth](const Trie::Entry& entry) {
      const int byte = byte_at(entry, depth) - kEnd;
      return static_cast<std::size_t>(byte);
    };
    for (auto i = begin; i != end; ++i) ++start[slot(*i) + 1];
    for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
    for (auto i = begin; i != end; ++i) {
      sorted_[start[slot(*i)]++] = *i;
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
    const auto base = adopt(range.node, labels_);
    if (!base) return false;
    for (const std::uint32_t label : labels_) {
      const std::uint32_t begin = at;
      while (at < range.end && byte_at(entries_[at], depth) == static_cast<int>(label)) ++at;
      if (at - begin > 1) {
        next_level_.push_back({begin, at, *base ^ label});
      } else if (!append_tail(*base ^ label, entries_[begin], depth + 1)) {
        return false;
      }
    }
    return true;
  }

  // The rest of a key that has this branch to itself goes in at once, and so lies together.
  bool append_tail(Trie::Node node, const Trie::Entry& entry, std::size_t depth) {
    for (; depth < entry.key.size(); ++depth) {
      const std::uint32_t label = static_cast<unsigned char>(entry.key[depth]);
      const auto base = adopt(node, {&label, 1});
      if (!base) return false;
      node = *base ^ label;
    }
    trie_.units_[node].value = entry.value;
    return true;
  }

  // Gives `node` children over `labels`; returns its base. Nothing if the trie is full.
  std::optional<std::uint32_t> adopt(Trie::Node node, std::span<const std::uint32_t> labels) {
    const auto base = take_base(labels);
    if (!base) return std::nullopt;
    auto& link = trie_.units_[node].link;
    link = *base << Trie::kLabelBits | (link & Trie::kLabelMask);
    for (const std::uint32_t label : labels) trie_.units_[*base ^ label].link = label;
    return base;
  }

  // A base whose units for all labels are free; they are taken.
  std::optional<std::uint32_t> take_base(std::span<const std::uint32_t> labels) {
    // A node with many children finds room only in young blocks; single children fill the old ones.
    constexpr std::size_t kTries = 8;
    std::size_t block = first_open_;
    if (labels.size() > 1) {
      block = std::max(block, blocks_.size() - std::min(blocks_.size(), kTries));
    }
    for (; block < blocks_.size(); ++block) {
      if (const auto base = base_in(block, labels)) return take(block, *base, labels);
      if (block == first_open_ && labels.size() == 1) ++first_open_;
    }
    if ((blocks_.size() + 1) * kBlock > Trie::kMaxUnits) return std::nullopt;
    blocks_.push_back({{~0ULL, ~0ULL, ~0ULL, ~0ULL}, {~0ULL, ~0ULL, ~0ULL, ~0ULL}});
    trie_.units_.resize(blocks_.size() * kBlock);
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): an empty block has room
    return take(block, *base_in(block, labels), labels);
  }

  std::optional<std::uint32_t> base_in(std::size_t index,
                                       std::span<const std::uint32_t> labels) const {
    const Block& block = blocks_[index];
    for (std::uint32_t word = 0; word < block.free.size(); ++word) {
      for (std::uint64_t bits = block.free[word]; bits != 0; bits &= bits - 1) {
        const auto unit = word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
        const std::uint32_t base = unit ^ labels[0];
        if (test(block.free_bases, base) &&
            std::all_of(labels.begin() + 1, labels.end(),
                        [&](std::uint32_t label) { return test(block.free, base ^ label); })) {
          return base;
        }
      }
    }
    return std::nullopt;
  }

  std::uint32_t take(std::size_t block, std::uint32_t base, std::span<const std::uint32_t> labels) {
    reset(blocks_[block].free_bases, base);
    for (const std::uint32_t label : labels) reset(blocks_[block].free, base ^ label);
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
