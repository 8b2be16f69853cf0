#include "server/http/gzip.h"

#include <gtest/gtest.h>

namespace podium::server {
namespace {

TEST(Gzip, BringsBackWhatWasCompressed) {
  for (const std::string& text : {std::string(), std::string("a"), std::string(300'000, 'x')}) {
    std::string bytes = gzip_compress(text);
    ASSERT_EQ(gzip_decompress(bytes, text.size()), Inflate::done);
    EXPECT_EQ(bytes, text);
  }
}

TEST(Gzip, ReadsTheZlibFormatOfDeflate) {
  // python3 -c 'import zlib; print(zlib.compress(b"hello"))'
  std::string bytes("x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15", 13);
  ASSERT_EQ(gzip_decompress(bytes, 5), Inflate::done);
  EXPECT_EQ(bytes, "hello");
}

TEST(Gzip, StopsAtTheLimitHoweverMuchThereIs) {
  const std::string packed = gzip_compress(std::string(50'000'000, ' '));
  std::string bytes = packed;
  EXPECT_EQ(gzip_decompress(bytes, 1000), Inflate::too_large);
  EXPECT_EQ(bytes, packed) << "it is left as it was";
  bytes = gzip_compress(std::string(1001, ' '));
  EXPECT_EQ(gzip_decompress(bytes, 1000), Inflate::too_large);
}

TEST(Gzip, WhatIsNotWholeIsBroken) {
  const std::string packed = gzip_compress("hello, hello, hello");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    std::string bytes = packed.substr(0, size);
    EXPECT_EQ(gzip_decompress(bytes, 1000), Inflate::broken) << size;
  }
  std::string more = packed + "x";
  EXPECT_EQ(gzip_decompress(more, 1000), Inflate::broken);
  std::string changed = packed;
  changed[changed.size() - 5] = static_cast<char>(changed[changed.size() - 5] ^ 1);  // the checksum
  EXPECT_EQ(gzip_decompress(changed, 1000), Inflate::broken);
}

TEST(Gzip, IsSentToWhoTakesIt) {
  for (const auto* yes : {"gzip", "GZIP", "deflate, gzip;q=0.5", "*", " br , gzip ", "gzip; q=1"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const auto* no : {"", "identity", "gzip;q=0", "gzip; q=0.000", "x-gzip2", "br,,deflate"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

}  // namespace
}  // namespace podium::server
