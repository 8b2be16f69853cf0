#include "hub/pack_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "hub/cache_folder.h"

namespace podium::hub {
namespace {

namespace fs = std::filesystem;

class PackCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) / ("podium-packs-" + std::to_string(::getpid())) / "below";
    fs::remove_all(folder_.parent_path());
    setenv("PODIUM_CACHE_DIR", folder_.c_str(), 1);
    for (std::size_t i = 0; i < 1000; ++i) contents_.push_back(static_cast<std::byte>(i * 7));
  }
  void TearDown() override {
    fs::remove_all(folder_.parent_path());
    unsetenv("PODIUM_CACHE_DIR");
  }
  void fill(std::uint64_t key) {
    PackCache cache(key);
    EXPECT_FALSE(cache.filled());
    cache.add("first", std::span(contents_).first(10));
    cache.add("second", contents_);
    EXPECT_TRUE(cache.save());
  }
  fs::path file() const { return fs::directory_iterator(folder_)->path(); }
  std::string read() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
  }
  fs::path folder_;
  std::vector<std::byte> contents_;
};

TEST_F(PackCacheTest, GivesBackWhatWasKept) {
  fill(1);
  const PackCache cache(1);
  ASSERT_TRUE(cache.filled());
  const std::byte* second = cache.find("second", contents_.size());
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second) % 64, 0U);
  EXPECT_TRUE(std::equal(contents_.begin(), contents_.end(), second));
  EXPECT_NE(cache.find("first", 10), nullptr);
  EXPECT_EQ(cache.find("first", 11), nullptr);
  EXPECT_EQ(cache.find("third", 10), nullptr);
  EXPECT_FALSE(PackCache(2).filled());
}

// A file under the right name with another key inside, as after a copy.
TEST_F(PackCacheTest, RefusesAnotherKey) {
  fill(1);
  fs::copy(file(), folder_ / "0000000000000002.pack");
  EXPECT_FALSE(PackCache(2).filled());
}

TEST_F(PackCacheTest, RefusesEveryCut) {
  fill(1);
  const std::string whole = read();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64},
                                 std::size_t{100}, std::size_t{300}, whole.size() - 1}) {
    write(whole.substr(0, size));
    EXPECT_FALSE(PackCache(1).filled()) << size;
  }
  write(whole + "x");
  EXPECT_FALSE(PackCache(1).filled());
  write(whole);
  EXPECT_TRUE(PackCache(1).filled());
}

TEST_F(PackCacheTest, RefusesADamagedIndex) {
  fill(1);
  const std::string whole = read();
  for (std::size_t at = 0; at < 64 + 2 * 24; ++at) {
    if (at >= 40 && at < 64) continue;  // spare words
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    write(damaged);
    EXPECT_FALSE(PackCache(1).filled()) << at;
  }
}

TEST_F(PackCacheTest, WritersAtOnceLeaveAWholeFile) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        PackCache cache(1);
        EXPECT_TRUE(!cache.filled() || cache.find("second", contents_.size()) != nullptr);
        cache.add("second", contents_);
        EXPECT_TRUE(cache.save());
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_TRUE(PackCache(1).filled());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);  // no drafts left
}

TEST_F(PackCacheTest, KeepsAFewFilesOnly) {
  for (std::uint64_t key = 1; key <= 12; ++key) fill(key);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 8);
  EXPECT_TRUE(PackCache(12).filled());
}

TEST_F(PackCacheTest, NoFolderKeepsNothing) {
  setenv("PODIUM_CACHE_DIR", "", 1);
  EXPECT_FALSE(cache_folder());
  setenv("PODIUM_CACHE_DIR", "/proc/podium", 1);  // cannot be made, not even by root
  PackCache cache(1);
  cache.add("first", contents_);
  EXPECT_FALSE(cache.save());
}

}  // namespace
}  // namespace podium::hub
