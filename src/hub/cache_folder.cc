#include "hub/cache_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace podium::hub {

namespace fs = std::filesystem;

namespace {

fs::path wanted_folder() {
  if (const char* own = std::getenv("PODIUM_CACHE_DIR")) return own;
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg == '/') return fs::path(xdg) / "podium";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache" / "podium";
  return {};
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::optional<fs::path> cache_folder() {
  const fs::path folder = wanted_folder();
  std::error_code error;
  if (folder.empty()) return std::nullopt;
  fs::create_directories(folder, error);
  return fs::is_directory(folder, error) ? std::optional(folder) : std::nullopt;
}

bool write_cache_file(std::string_view name, std::span<const std::span<const std::byte>> parts) {
  static std::atomic<unsigned> counter{0};
  const auto folder = cache_folder();
  if (!folder) return false;
  const std::string path = (*folder / name).string();
  const std::string draft = fmt::format("{}.{}.{}", path, ::getpid(), counter++);
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return false;
  bool written = true;
  for (const auto& part : parts) written = written && write_all(fd, part);
  written = written && ::fsync(fd) == 0;  // before the name points to it
  written = ::close(fd) == 0 && written;
  written = written && ::rename(draft.c_str(), path.c_str()) == 0;
  if (!written) ::unlink(draft.c_str());
  return written;
}

}  // namespace podium::hub
