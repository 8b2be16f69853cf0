// Whole files, plain or gzip: the zlib door.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"

namespace podium::eval {

// `path` if there is such a file, else `path`.gz if there is that one.
std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& path);

// The contents of a file, decompressed if it is gzip (told by its first bytes, not by its name).
Result<std::string> read_plain_or_gzip(const std::filesystem::path& path);

}  // namespace podium::eval
