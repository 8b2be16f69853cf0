#include "eval/sample.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace podium::eval {

namespace {

// FNV-1a over the bytes, then the finaliser of splitmix64, without which short ids that differ in
// their last letter would hash close to each other.
std::uint64_t hash(std::uint64_t seed, std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325U ^ seed;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  return h ^ (h >> 31);
}

// Keeps the `count` items that hash lowest; a lower `rank` goes before any hash.
template <class Item, class Key>
void keep_lowest(std::vector<Item>& items, std::size_t count, Key key) {
  if (items.size() <= count) return;
  std::vector<std::pair<decltype(key(items[0])), std::size_t>> order;
  order.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) order.emplace_back(key(items[i]), i);
  std::ranges::sort(order);
  order.resize(count);
  std::ranges::sort(order, {}, [](const auto& entry) { return entry.second; });
  std::vector<Item> kept;
  kept.reserve(order.size());
  for (const auto& [ignored, index] : order) kept.push_back(std::move(items[index]));
  items = std::move(kept);
}

void cut(Query& query, const std::vector<Document>& documents, const SampleSize& size) {
  std::unordered_set<std::string_view> relevant;
  for (const Judgment& judgment : query.judgments) {
    if (judgment.grade > 0) relevant.insert(judgment.document);
  }
  const auto stays = [&](std::uint32_t c) { return relevant.contains(documents[c].id); };
  const auto must = static_cast<std::size_t>(std::ranges::count_if(query.candidates, stays));
  const std::uint64_t seed = hash(size.seed, query.id);
  keep_lowest(query.candidates, std::max(size.depth, must), [&](std::uint32_t candidate) {
    return std::pair(!stays(candidate), hash(seed, documents[candidate].id));
  });
}

}  // namespace

void sample(Dataset& set, const SampleSize& size) {
  if (size.queries > 0) {
    keep_lowest(set.queries, size.queries,
                [&](const Query& query) { return hash(size.seed, query.id); });
  }
  if (size.depth == 0) return;
  for (Query& query : set.queries) cut(query, set.documents, size);
}

}  // namespace podium::eval
