#include "text/trie.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace podium::text {
namespace {

TEST(Trie, EmptySetHoldsNothing) {
  const Trie trie = *Trie::build({});
  EXPECT_EQ(trie.find("a"), -1);
  EXPECT_EQ(trie.find(std::string(1, '\0')), -1);
  EXPECT_EQ(Trie().find("a"), -1);
}

TEST(Trie, LargestValueOfEqualKeysStays) {
  const Trie trie = *Trie::build({{"ab", 3}, {"ab", 7}, {"ab", 5}});
  EXPECT_EQ(trie.find("ab"), 7);
  EXPECT_EQ(trie.find("a"), -1);
  EXPECT_EQ(trie.find("abc"), -1);
}

// Every byte occurs, NUL too, with many shared prefixes.
TEST(Trie, HoldsWhatAMapHolds) {
  std::mt19937 random(1);
  std::map<std::string, std::int32_t> map;
  for (std::int32_t i = 0; i < 20000; ++i) {
    std::string key(1 + random() % 6, '\0');
    for (char& byte : key) byte = static_cast<char>(random() % (random() % 2 == 0 ? 4 : 256));
    map[key] = i;
  }
  std::vector<Trie::Entry> entries;
  for (const auto& [key, value] : map) entries.push_back({key, value});
  std::shuffle(entries.begin(), entries.end(), random);
  const Trie trie = *Trie::build(entries);
  for (const auto& [key, value] : map) EXPECT_EQ(trie.find(key), value);
  for (int i = 0; i < 20000; ++i) {
    std::string key(1 + random() % 4, '\0');
    for (char& byte : key) byte = static_cast<char>(random());
    const auto found = map.find(key);
    EXPECT_EQ(trie.find(key), found == map.end() ? -1 : found->second);
  }
}

}  // namespace
}  // namespace podium::text
