#include "download/blob_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace podium::download {

namespace fs = std::filesystem;

namespace {

tl::unexpected<Error> system_error(std::string_view what, const fs::path& path, int code) {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return fail(
      ErrorCode::io, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(code)),
      full ? "Make room, or name another folder in HF_HUB_CACHE; what was downloaded is kept."
           : "HF_HUB_CACHE names another folder.");
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return system_error("make", folder, error.value());
  return {};
}

// A draft's name that no other process uses.
fs::path draft_of(const fs::path& path) {
  return path.string() + fmt::format(".{}.draft", ::getpid());
}

Result<void> move_into_place(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return system_error("write", to, error.value());
  return {};
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<PartialBlob> PartialBlob::open(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return system_error("open", path, errno);
  return PartialBlob(std::move(file), path, static_cast<std::uint64_t>(status.st_size));
}

Result<void> PartialBlob::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", path_, errno);
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> PartialBlob::clear() {
  if (::ftruncate(file_.get(), 0) != 0) return system_error("empty", path_, errno);
  size_ = 0;
  return {};
}

Result<void> PartialBlob::flush() {
  if (::fsync(file_.get()) != 0) return system_error("write", path_, errno);
  return {};
}

BlobStore::BlobStore(fs::path cache, hub::ModelName name)
    : cache_(std::move(cache)), folder_(cache_ / name.folder()), name_(std::move(name)) {}

Result<void> BlobStore::prepare() const {
  PODIUM_CHECK(make_folder(folder_ / "blobs"));
  return make_folder(cache_ / ".locks" / name_.folder());
}

fs::path BlobStore::blob(std::string_view etag) const { return folder_ / "blobs" / etag; }

fs::path BlobStore::partial(std::string_view etag) const {
  return folder_ / "blobs" / fmt::format("{}.incomplete", etag);
}

bool BlobStore::has(std::string_view etag, std::uint64_t size) const {
  std::error_code error;
  return fs::file_size(blob(etag), error) == size && !error;
}

std::uint64_t BlobStore::free_bytes() const {
  std::error_code error;
  const auto space = fs::space(folder_, error);
  return error ? UINT64_MAX : space.available;
}

Result<Descriptor> BlobStore::lock(std::string_view etag) const {
  const fs::path path = cache_ / ".locks" / name_.folder() / fmt::format("{}.lock", etag);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) return system_error("open", path, errno);
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error("lock", path, errno);
  }
  return file;
}

Result<void> BlobStore::keep(std::string_view etag) const {
  return move_into_place(partial(etag), blob(etag));
}

Result<void> BlobStore::link(const std::string& commit, const std::string& file,
                             std::string_view etag) const {
  const fs::path path = snapshot(commit) / file;
  PODIUM_CHECK(make_folder(path.parent_path()));
  std::error_code error;
  const fs::path target = fs::relative(blob(etag), path.parent_path(), error);
  if (fs::read_symlink(path, error) == target) return {};
  const fs::path draft = draft_of(path);
  fs::remove(draft, error);
  fs::create_symlink(target, draft, error);
  // Where the file system knows no links.
  if (error) fs::copy_file(blob(etag), draft, fs::copy_options::overwrite_existing, error);
  if (error) return system_error("write", path, error.value());
  return move_into_place(draft, path);
}

Result<void> BlobStore::refer(const std::string& commit) const {
  if (hub::is_commit(name_.revision)) return {};
  const fs::path path = folder_ / "refs" / name_.revision;
  PODIUM_CHECK(make_folder(path.parent_path()));
  const fs::path draft = draft_of(path);
  std::ofstream stream(draft, std::ios::binary);
  stream << commit << std::flush;
  if (!stream) return system_error("write", draft, errno);
  return move_into_place(draft, path);
}

fs::path BlobStore::snapshot(const std::string& commit) const {
  return folder_ / "snapshots" / commit;
}

}  // namespace podium::download
