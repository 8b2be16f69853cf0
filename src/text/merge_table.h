// The merges of a BPE model: which pairs of tokens join, in which order they were learnt, to what.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace podium::text {

struct Merge {
  TokenId left;
  TokenId right;
  TokenId joined;
  std::uint32_t rank;
};

// A hash table with open addressing, at most half full.
class MergeTable {
 public:
  MergeTable() : MergeTable(0) {}
  explicit MergeTable(std::size_t merges) : slots_(std::bit_ceil(2 * merges + 1), kFree) {}

  // Of equal pairs the last one stays. The table takes as many as it was made for.
  void insert(const Merge& merge) { slots_[slot(merge.left, merge.right)] = merge; }

  const Merge* find(TokenId left, TokenId right) const {
    const Merge& found = slots_[slot(left, right)];
    return found.left < 0 ? nullptr : &found;
  }

  std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Merge); }

 private:
  static constexpr Merge kFree = {-1, -1, -1, 0};

  // Where the pair is, or would be.
  std::size_t slot(TokenId left, TokenId right) const {
    const std::uint64_t key =
        static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
    // Fibonacci hashing (Knuth, TAOCP 6.4): the upper half of the product depends on all of the
    // key.
    std::size_t at = static_cast<std::size_t>(key * 0x9E3779B97F4A7C15U >> 32);
    for (;; ++at) {
      at &= slots_.size() - 1;
      const Merge& here = slots_[at];
      if (here.left < 0 || (here.left == left && here.right == right)) return at;
    }
  }

  std::vector<Merge> slots_;
};

}  // namespace podium::text
