// A 128-bit keyed hash: who does not know the key cannot choose bytes that collide.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace podium {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

using HashKey = std::array<std::uint64_t, 2>;

// Drawn anew, for one process.
HashKey random_hash_key();

// SipHash-2-4 with 128 bits out (Aumasson and Bernstein 2012, reference implementation).
Hash128 siphash(const HashKey& key, std::string_view bytes);

}  // namespace podium
