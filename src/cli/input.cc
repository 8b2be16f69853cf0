#include "cli/input.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace podium::cli {

namespace {

Result<std::string> read_all(int descriptor, const std::string& name) {
  constexpr std::size_t kFirst = std::size_t{1} << 16;
  std::string bytes;
  std::size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(std::max(kFirst, 2 * size));
    const ssize_t got = ::read(descriptor, bytes.data() + size, bytes.size() - size);
    if (got == 0) break;
    if (got > 0) {
      size += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      return fail(ErrorCode::io, fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    }
  }
  bytes.resize(size);
  return bytes;
}

// What cannot be mapped: a named pipe, a device, or the shell's <(command).
Result<std::string> read_stream(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return fail(ErrorCode::io, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  auto bytes = read_all(descriptor, path);
  ::close(descriptor);
  return bytes;
}

}  // namespace

Input::Input(std::variant<MappedFile, std::string> bytes, std::string name)
    : bytes_(std::move(bytes)), name_(std::move(name)) {}

Result<Input> Input::open(const std::string& path) {
  if (path.empty() && ::isatty(STDIN_FILENO) == 1) {
    return fail(ErrorCode::invalid_argument,
                "no documents: no FILE was named and standard input is a terminal",
                "Name a file, pipe documents in, or write - to type them (end with Ctrl-D).");
  }
  if (path.empty() || path == "-") {
    PODIUM_TRY(std::string bytes, read_all(STDIN_FILENO, "standard input"));
    return Input(std::move(bytes), "standard input");
  }
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is a directory, not a file of documents", path));
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    PODIUM_TRY(std::string bytes, read_stream(path));
    return Input(std::move(bytes), path);
  }
  PODIUM_TRY(MappedFile file, MappedFile::open(path));
  return Input(std::move(file), path);
}

void input_options(Options& options, documents::ReadOptions& read) {
  const auto set_format = [&read](const std::string& word) {
    const auto format = documents::find_format(word);
    if (!format) {
      throw CLI::ValidationError(
          fmt::format("--input takes {}, not '{}'", documents::format_names(), word));
    }
    read.format = *format;
  };
  options
      .add_option_function<std::string>(
          "--input", set_format,
          "how to read FILE, e.g. lines or csv\n(default: told from its name and content)")
      ->type_name("WORD");
  options
      .add_option("--fields", read.fields,
                  "members of JSON objects or columns of\nCSV that are read (default: text)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME,NAME");
}

std::string_view Input::text() const {
  if (const auto* file = std::get_if<MappedFile>(&bytes_)) return file->text();
  return std::get<std::string>(bytes_);
}

void Input::forget() const {
  if (const auto* file = std::get_if<MappedFile>(&bytes_)) file->drop_pages();
}

}  // namespace podium::cli
