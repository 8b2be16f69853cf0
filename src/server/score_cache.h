// Scores of pairs seen before. Its memory is taken at the start; a full set of slots gives up its
// oldest. Pairs are known by a 128-bit keyed hash (SipHash-2-4 with a key of this process), so that
// nobody can choose texts that collide. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace podium::server {

struct PairKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const PairKey&, const PairKey&) = default;
};

using HashKey = std::array<std::uint64_t, 2>;

// SipHash-2-4 with 128 bits out (Aumasson and Bernstein 2012, reference implementation).
PairKey siphash(const HashKey& key, std::string_view bytes);

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
  PairKey key(std::span<const std::string_view> parts) const;

  std::optional<Score> find(const PairKey& key);
  void insert(const PairKey& key, const Score& score);

 private:
  static constexpr std::size_t kWays = 8;
  struct Slot {
    PairKey key;
    Score score;
    std::uint64_t used = 0;  // when last, counted in uses; 0: empty
  };
  std::span<Slot> set_of(const PairKey& key);

  HashKey secret_;
  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::uint64_t uses_ = 0;
};

}  // namespace podium::server
