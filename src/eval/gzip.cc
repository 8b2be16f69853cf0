#include "eval/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace podium::eval {

std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& path) {
  std::error_code ignored;
  for (const char* ending : {"", ".gz"}) {
    std::filesystem::path candidate = path;
    candidate += ending;
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate;
  }
  return std::nullopt;
}

Result<std::string> read_plain_or_gzip(const std::filesystem::path& path) {
  constexpr std::size_t kFirst = std::size_t{1} << 16;
  constexpr std::size_t kMost = std::size_t{1} << 30;  // gzread counts in int
  gzFile file = ::gzopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const int error = errno;
    const auto code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    return fail(code, fmt::format("cannot open {}: {}", path.string(), std::strerror(error)));
  }
  std::string bytes;
  std::size_t size = 0;
  int got = 0;
  do {
    if (size == bytes.size()) bytes.resize(std::max(kFirst, 2 * size));
    const std::size_t room = std::min(bytes.size() - size, kMost);
    got = ::gzread(file, bytes.data() + size, static_cast<unsigned>(room));
    size += static_cast<std::size_t>(std::max(got, 0));
  } while (got > 0);
  const int system_error = errno;
  int state = Z_OK;  // Z_BUF_ERROR: the file ends within the compressed data
  const std::string reason = ::gzerror(file, &state);
  ::gzclose(file);
  if (state == Z_ERRNO) {
    return fail(ErrorCode::io,
                fmt::format("cannot read {}: {}", path.string(), std::strerror(system_error)));
  }
  if (state != Z_OK && state != Z_STREAM_END) {
    return fail(ErrorCode::malformed,
                fmt::format("{} is broken gzip data: {}", path.string(), reason));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace podium::eval
