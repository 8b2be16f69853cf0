// Scores of pairs seen before. Its memory is taken at the start; a full set of slots gives up its
// oldest. Pairs are known by a keyed hash with a key of this process. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/siphash.h"

namespace podium::server {

class ScoreCache {
 public:
  struct Score {
    double relevance_score = 0;
    std::uint32_t tokens = 0;
    bool truncated = false;
  };

  explicit ScoreCache(std::size_t scores);  // 0: keeps nothing

  bool is_on() const { return !slots_.empty(); }

  // The key of a list of texts; no other list of texts has the same bytes hashed.
  Hash128 key(std::span<const std::string_view> parts) const;

  std::optional<Score> find(const Hash128& key);
  void insert(const Hash128& key, const Score& score);

 private:
  static constexpr std::size_t kWays = 8;
  struct Slot {
    Hash128 key;
    Score score;
    std::uint64_t used = 0;  // when last, counted in uses; 0: empty
  };
  std::span<Slot> set_of(const Hash128& key);

  const HashKey secret_;
  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::uint64_t uses_ = 0;
};

}  // namespace podium::server
