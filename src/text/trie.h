// A set of byte strings with values, for longest-match and all-prefixes searches: a double array
// (Aoe 1989) with XOR addressing, built level by level so that the busy top lies together.
//
// A child of `node` over byte b lives in unit base(node) ^ b and says so by its label. No two nodes
// share a base, so the label alone proves the parent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace podium::text {

class Trie {
 public:
  struct Entry {
    std::string_view key;  // not empty
    std::int32_t value;    // >= 0
  };
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;

  Trie();  // holds nothing

  // Of equal keys the largest value stays. Fails where more than 8 million units would be needed.
  static Result<Trie> build(std::vector<Entry> entries);

  // Moves `node` to its child over `byte`; false, with `node` unchanged, if there is none.
  bool step(Node& node, char byte) const {
    const auto label = static_cast<unsigned char>(byte);
    const Node child = units_[node].link >> kLabelBits ^ label;
    if ((units_[child].link & kLabelMask) != label) return false;
    node = child;
    return true;
  }

  // The value of the key that ends at `node`; -1 if none does.
  std::int32_t value(Node node) const { return units_[node].value; }

  // The value of exactly this key; -1 if it is not in the set.
  std::int32_t find(std::string_view key) const;

  std::size_t memory_bytes() const { return units_.capacity() * sizeof(Unit); }

 private:
  friend class TrieBuilder;
  static constexpr std::uint32_t kLabelBits = 9;
  static constexpr std::uint32_t kLabelMask = (1U << kLabelBits) - 1;
  static constexpr std::uint32_t kNoLabel = kLabelMask;  // equals no byte
  static constexpr std::uint32_t kMaxUnits = 1U << (32 - kLabelBits);

  struct Unit {
    std::uint32_t link = kNoLabel;  // base << kLabelBits | label
    std::int32_t value = -1;
  };
  // Whole blocks of 256, so that base ^ byte is always inside. Block 0 holds only the root: it is
  // where the children of childless nodes would be.
  std::vector<Unit> units_;
};

}  // namespace podium::text
