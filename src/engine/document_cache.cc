#include "engine/document_cache.h"

#include <algorithm>
#include <cstring>

namespace podium {

namespace {

constexpr std::size_t kBorder = 64;
constexpr std::size_t kSmallBlock = 2048;  // the ring's size in these is what it can name

std::size_t up_to(std::size_t value, std::size_t step) { return (value + step - 1) / step * step; }

}  // namespace

DocumentCache::DocumentCache(std::size_t bytes)
    : ring_(bytes / kBorder * kBorder), slots_(up_to(bytes / kSmallBlock, kWays)) {}

Hash128 DocumentCache::name(std::uint64_t scope, std::span<const std::int32_t> tokens) {
  text_.assign(reinterpret_cast<const char*>(&scope), sizeof scope);
  text_.append(reinterpret_cast<const char*>(tokens.data()), tokens.size_bytes());
  return siphash(secret_, text_);
}

std::byte* DocumentCache::find(const Hash128& name) {
  const Slot* slot = slot_of(name);
  return slot == nullptr ? nullptr : ring_.data() + slot->at % ring_.size();
}

void DocumentCache::begin() { begun_ = end_; }

std::byte* DocumentCache::reserve(const Hash128& name, std::size_t bytes) {
  const std::size_t room = up_to(bytes, kBorder);
  if (slots_.empty() || room > ring_.size() || slot_of(name) != nullptr) return nullptr;
  std::uint64_t at = end_;
  if (at % ring_.size() + room > ring_.size()) at = up_to(at, ring_.size());
  if (at + room - begun_ > ring_.size()) return nullptr;
  end_ = at + room;
  const auto set = set_of(name);
  *std::ranges::min_element(set, {}, &Slot::at) = {name, at, bytes};
  return ring_.data() + at % ring_.size();
}

void DocumentCache::refresh(const Hash128& name) {
  Slot* slot = slot_of(name);
  if (slot == nullptr || end_ - slot->at < ring_.size() / 2) return;
  const Slot old = *slot;
  slot->bytes = 0;
  begin();
  std::byte* copy = reserve(name, old.bytes);  // maybe over a part of the old one
  if (copy != nullptr) std::memmove(copy, ring_.data() + old.at % ring_.size(), old.bytes);
}

std::span<DocumentCache::Slot> DocumentCache::set_of(const Hash128& name) {
  return std::span(slots_).subspan(name.low % (slots_.size() / kWays) * kWays, kWays);
}

DocumentCache::Slot* DocumentCache::slot_of(const Hash128& name) {
  if (slots_.empty()) return nullptr;
  for (Slot& slot : set_of(name)) {
    if (slot.name == name && is_whole(slot)) return &slot;
  }
  return nullptr;
}

bool DocumentCache::is_whole(const Slot& slot) const {
  return slot.bytes > 0 && end_ - slot.at <= ring_.size();
}

}  // namespace podium
