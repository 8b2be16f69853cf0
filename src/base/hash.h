// A 64-bit hash of bytes, to tell contents apart; not for adversaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace podium {

class Hash {
 public:
  Hash& add(std::span<const std::byte> bytes) {
    add(bytes.size());
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) mix(load(bytes.data() + i, 8));
    if (i < bytes.size()) mix(load(bytes.data() + i, bytes.size() - i));
    return *this;
  }
  Hash& add(std::string_view text) { return add(std::as_bytes(std::span(text))); }
  Hash& add(std::uint64_t number) { return mix(number), *this; }

  std::uint64_t value() const { return state_; }

 private:
  static std::uint64_t load(const std::byte* from, std::size_t count) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, count);
    return word;
  }
  // The finaliser of MurmurHash3 (Appleby, public domain) over the running state.
  void mix(std::uint64_t word) {
    state_ ^= word;
    state_ = (state_ ^ (state_ >> 33U)) * 0xFF51AFD7ED558CCDULL;
    state_ = (state_ ^ (state_ >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
    state_ ^= state_ >> 33U;
  }

  std::uint64_t state_ = 0x9E3779B97F4A7C15ULL;
};

}  // namespace podium
