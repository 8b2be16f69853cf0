// Sequences of any mix of lengths side by side, without padding: structure of arrays with
// cumulative offsets. Token ids are plain numbers here; this room never sees a tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace podium::batch {

struct PackedBatch {
  std::vector<std::int32_t> token_ids;     // [tokens]
  std::vector<std::uint8_t> type_ids;      // [tokens]
  std::vector<std::size_t> cu_seqlens{0};  // [sequences + 1]; sequence s is [cu[s], cu[s + 1])

  std::size_t tokens() const { return token_ids.size(); }
  std::size_t sequences() const { return cu_seqlens.size() - 1; }
  std::size_t length(std::size_t sequence) const {
    return cu_seqlens[sequence + 1] - cu_seqlens[sequence];
  }

  void clear();
  void add(std::span<const std::int32_t> ids, std::span<const std::uint8_t> types);
};

}  // namespace podium::batch
