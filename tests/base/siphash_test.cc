#include "base/siphash.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace podium {
namespace {

// The reference implementation's vectors: key 00..0f, input 00, 01, 02, …, of n bytes; each result
// as its 16 bytes in order.
std::array<unsigned char, 16> bytes_of(const Hash128& hash) {
  std::array<unsigned char, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<unsigned char>(hash.low >> (8 * i));
    out[8 + i] = static_cast<unsigned char>(hash.high >> (8 * i));
  }
  return out;
}

std::array<unsigned char, 16> hashed(std::size_t count) {
  std::string input;
  for (std::size_t i = 0; i < count; ++i) input.push_back(static_cast<char>(i));
  return bytes_of(siphash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, input));
}

TEST(SipHash, IsTheReferenceImplementations) {
  EXPECT_EQ(hashed(0),
            (std::array<unsigned char, 16>{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d,
                                           0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93}));
  EXPECT_EQ(hashed(1),
            (std::array<unsigned char, 16>{0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34,
                                           0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45}));
}

TEST(SipHash, HangsOnTheKeyAndOnEveryByte) {
  const HashKey key = random_hash_key();
  EXPECT_NE(key, random_hash_key());
  std::string text(40, 'x');
  const Hash128 first = siphash(key, text);
  EXPECT_EQ(first, siphash(key, text));
  EXPECT_NE(first, siphash({key[0] + 1, key[1]}, text));
  for (char& letter : text) {
    letter = 'y';
    EXPECT_NE(siphash(key, text), first);
    letter = 'x';
  }
}

}  // namespace
}  // namespace podium
