// The contents of one model in the Hugging Face cache, shared with other programs that fill it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "hub/hugging_face_cache.h"

namespace podium::download {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

// A content on its way in: "ETAG.incomplete", which an interrupted download leaves for the next.
class PartialBlob {
 public:
  static Result<PartialBlob> open(const std::filesystem::path& path);

  std::uint64_t size() const { return size_; }
  Result<void> append(std::string_view bytes);
  Result<void> clear();
  Result<void> flush();  // to the disk

 private:
  PartialBlob(Descriptor file, std::filesystem::path path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  Descriptor file_;
  std::filesystem::path path_;
  std::uint64_t size_;
};

class BlobStore {
 public:
  BlobStore(std::filesystem::path cache, hub::ModelName name);

  // Makes the folders, and says if they cannot be made.
  Result<void> prepare() const;

  std::filesystem::path blob(std::string_view etag) const;
  std::filesystem::path partial(std::string_view etag) const;
  bool has(std::string_view etag, std::uint64_t size) const;
  std::uint64_t free_bytes() const;

  // Waits until nobody else downloads this content, and keeps others out until it is destroyed.
  Result<Descriptor> lock(std::string_view etag) const;

  // The partial blob becomes the blob, at once for whoever looks.
  Result<void> keep(std::string_view etag) const;

  // snapshots/COMMIT/FILE leads to the blob.
  Result<void> link(const std::string& commit, const std::string& file,
                    std::string_view etag) const;

  // The revision stands for the commit from here on.
  Result<void> refer(const std::string& commit) const;

  std::filesystem::path snapshot(const std::string& commit) const;

 private:
  std::filesystem::path cache_;
  std::filesystem::path folder_;
  hub::ModelName name_;
};

}  // namespace podium::download
