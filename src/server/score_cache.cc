#include "server/score_cache.h"

#include <algorithm>
#include <string>

namespace podium::server {

ScoreCache::ScoreCache(std::size_t scores)
    : secret_(random_hash_key()), slots_((scores + kWays - 1) / kWays * kWays) {}

Hash128 ScoreCache::key(std::span<const std::string_view> parts) const {
  std::string bytes;
  for (const std::string_view part : parts) {
    const std::uint64_t size = part.size();
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size).append(part);
  }
  return siphash(secret_, bytes);
}

std::span<ScoreCache::Slot> ScoreCache::set_of(const Hash128& key) {
  const std::size_t sets = slots_.size() / kWays;
  return std::span(slots_).subspan(key.low % sets * kWays, kWays);
}

std::optional<ScoreCache::Score> ScoreCache::find(const Hash128& key) {
  if (!is_on()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (Slot& slot : set_of(key)) {
    if (slot.used == 0 || slot.key != key) continue;
    slot.used = ++uses_;
    return slot.score;
  }
  return std::nullopt;
}

void ScoreCache::insert(const Hash128& key, const Score& score) {
  if (!is_on()) return;
  const std::lock_guard lock(mutex_);
  const auto set = set_of(key);
  const auto same = std::ranges::find(set, key, &Slot::key);
  Slot& slot = same != set.end() ? *same : *std::ranges::min_element(set, {}, &Slot::used);
  slot = {key, score, ++uses_};
}

}  // namespace podium::server
