#include "hub/pack_cache.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/hash.h"
#include "hub/cache_folder.h"

namespace podium::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMagic = 0x316B63617064'6F70;  // "podpack1"
constexpr std::size_t kBorder = 64;
constexpr std::size_t kFilesKept = 8;
constexpr std::string_view kSuffix = ".pack";

struct Header {
  std::uint64_t magic = kMagic;
  std::uint64_t key = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
  std::uint64_t check = 0;
  std::array<std::uint64_t, 3> spare{};
};
static_assert(sizeof(Header) == kBorder);

std::size_t up(std::size_t n) { return (n + kBorder - 1) / kBorder * kBorder; }

std::uint64_t hash_of(std::string_view name) { return Hash().add(name).value(); }

template <class T>
std::span<const std::byte> bytes_of(const T& values) {
  return std::as_bytes(std::span(values));
}

void remove_oldest(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == kSuffix) {
      files.emplace_back(entry.last_write_time(error), entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + kFilesKept < files.size(); ++i) fs::remove(files[i].second, error);
}

}  // namespace

PackCache::PackCache(std::uint64_t key) : key_(key) {
  const auto folder = cache_folder();
  if (!folder) return;
  auto file = MappedFile::open(*folder / file_name());
  if (!file) return;
  file_ = *std::move(file);
  if (!read_entries()) file_.reset();
}

std::string PackCache::file_name() const { return fmt::format("{:016x}{}", key_, kSuffix); }

bool PackCache::read_entries() {
  if (!file_) return false;
  const auto bytes = file_->bytes();
  Header header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::size_t most = (bytes.size() - sizeof header) / sizeof(Entry);
  if (header.magic != kMagic || header.key != key_ || header.size != bytes.size() ||
      header.entries == 0 || header.entries > most) {
    return false;
  }
  entries_.resize(header.entries);
  std::memcpy(entries_.data(), bytes.data() + sizeof header, entries_.size() * sizeof(Entry));
  if (Hash().add(bytes_of(entries_)).value() != header.check) return false;
  return std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.offset % kBorder == 0 && entry.offset <= bytes.size() &&
           entry.bytes <= bytes.size() - entry.offset;
  });
}

const std::byte* PackCache::find(std::string_view name, std::size_t bytes) const {
  if (!file_) return nullptr;
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), hash_of(name),
                                   [](const Entry& e, std::uint64_t h) { return e.name < h; });
  if (at == entries_.end() || at->name != hash_of(name) || at->bytes != bytes) return nullptr;
  return file_->bytes().data() + at->offset;
}

void PackCache::add(std::string_view name, std::span<const std::byte> contents) {
  const std::lock_guard lock(mutex_);
  added_.push_back({hash_of(name), contents});
}

bool PackCache::save() {
  const std::lock_guard lock(mutex_);
  const auto folder = cache_folder();
  if (added_.empty() || !folder) return false;
  std::sort(added_.begin(), added_.end(),
            [](const Added& a, const Added& b) { return a.name < b.name; });
  std::vector<Entry> entries;
  std::size_t end = up(sizeof(Header) + added_.size() * sizeof(Entry));
  for (const Added& added : added_) {
    entries.push_back({added.name, end, added.contents.size()});
    end = up(end + added.contents.size());
  }
  static constexpr std::array<std::byte, kBorder> kGap{};
  const std::array header{Header{.key = key_,
                                 .size = end,
                                 .entries = entries.size(),
                                 .check = Hash().add(bytes_of(entries)).value()}};
  std::vector<std::span<const std::byte>> parts{bytes_of(header), bytes_of(entries)};
  const auto pad = [&](std::size_t size) {
    parts.push_back(std::span(kGap).first(up(size) - size));
  };
  pad(sizeof(Header) + added_.size() * sizeof(Entry));
  for (const Added& added : added_) {
    parts.push_back(added.contents);
    pad(added.contents.size());
  }
  added_.clear();
  const bool written = write_cache_file(file_name(), parts);
  remove_oldest(*folder);
  return written;
}

}  // namespace podium::hub
