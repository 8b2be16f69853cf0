// A file mapped read-only into memory for as long as the object lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/error.h"

namespace podium {

class MappedFile {
 public:
  // Errors: not found, a directory, unreadable. An empty file maps to an empty span.
  static Result<MappedFile> open(const std::filesystem::path& path);

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::int64_t modified_ns() const { return modified_ns_; }  // since the epoch
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

  // Gives the pages back to the system; they are read again when next looked at.
  void drop_pages() const;

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::int64_t modified_ns_ = 0;
};

}  // namespace podium
