// What the model made of documents seen before, in memory that is reserved at the start.
//
// Blocks are written into a ring one behind the other and overwritten in that order; a block in use
// is written anew before its turn comes, so that what goes is what was not asked for. Known by a
// keyed hash with a key of its own. For one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/siphash.h"

namespace podium {

class DocumentCache {
 public:
  explicit DocumentCache(std::size_t bytes);  // 0: keeps nothing

  // The name of a sequence of tokens; within another scope it is another.
  Hash128 name(std::uint64_t scope, std::span<const std::int32_t> tokens);

  // The block that was kept under a name, null if there is none. Good until the next begin().
  std::byte* find(const Hash128& name);

  // From here on, blocks that are reserved do not overwrite each other.
  void begin();

  // Room for a block, to be filled before the next begin(), on a 64-byte border. Null if there is
  // no room for it now, or the name has a block.
  std::byte* reserve(const Hash128& name, std::size_t bytes);

  // Keeps a block that was found for longer. It may move, and others may be overwritten.
  void refresh(const Hash128& name);

 private:
  static constexpr std::size_t kWays = 8;
  struct Slot {
    Hash128 name;
    std::uint64_t at = 0;  // where in an endless ring; its place is the remainder
    std::size_t bytes = 0;
  };

  std::span<Slot> set_of(const Hash128& name);
  Slot* slot_of(const Hash128& name);
  bool is_whole(const Slot& slot) const;

  const HashKey secret_ = random_hash_key();
  AlignedBuffer<std::byte> ring_;
  std::vector<Slot> slots_;
  std::uint64_t end_ = ring_.size();  // where the next block goes in the endless ring
  std::uint64_t begun_ = end_;        // where it stood at begin()
  std::string text_;
};

}  // namespace podium
