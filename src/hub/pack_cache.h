// Weights as the kernels want them, kept between runs in one file per model, version and kernels
// (hub/cache_folder.h), so that a second start maps them instead of packing them.
//
// The file: a header of eight 64-bit words (magic, key, size of the file, number of entries, check
// sum of the entries, three spare), the entries (hash of the name, offset, bytes), and the contents
// on 64-byte borders. A file that is cut short, of another key or damaged in its index is not used.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

namespace podium::hub {

class PackCache {
 public:
  // What was kept under this key. Keys must differ where any content would.
  explicit PackCache(std::uint64_t key);

  // Whether an earlier run filled it: then the checkpoint's values were checked by that run.
  bool filled() const { return file_.has_value(); }

  // The kept contents of that name and size on a 64-byte border, valid as long as the cache;
  // nullptr if there are none.
  const std::byte* find(std::string_view name, std::size_t bytes) const;

  // Remembers what was packed instead; `contents` must stay until save(). From any thread.
  void add(std::string_view name, std::span<const std::byte> contents);

  // Writes what was added, if anything was, and removes the oldest files beyond a few. False if it
  // could not be written.
  bool save();

 private:
  struct Entry {
    std::uint64_t name = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  struct Added {
    std::uint64_t name;
    std::span<const std::byte> contents;
  };
  bool read_entries();
  std::string file_name() const;

  std::uint64_t key_;
  std::optional<MappedFile> file_;
  std::vector<Entry> entries_;  // sorted by name
  std::mutex mutex_;
  std::vector<Added> added_;
};

}  // namespace podium::hub
