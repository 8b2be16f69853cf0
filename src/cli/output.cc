#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace podium::cli {

Output& Output::operator<<(std::string_view text) {
  constexpr std::size_t kFlushAbove = std::size_t{1} << 20;
  buffer_ += text;
  if (buffer_.size() > kFlushAbove) flush();
  return *this;
}

int Output::finish() {
  flush();
  if (error_ == 0 || error_ == EPIPE) return 0;
  fmt::print(stderr, "podium: cannot write to standard output: {}\n", std::strerror(error_));
  return 1;
}

void Output::flush() {
  std::string_view rest = buffer_;
  while (error_ == 0 && !rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  buffer_.clear();
}

}  // namespace podium::cli
