// Checksums of files, as the Hub names contents by them (the libcrypto door of this room).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace podium::download {

// What an etag of the Hub says about a file's content: 64 hexadecimal digits are its SHA-256, 40
// are git's SHA-1 of a blob ("blob LENGTH\0" before the content). Anything else says nothing.
enum class ChecksumKind { none, sha256, git_sha1 };
ChecksumKind checksum_kind(std::string_view etag);

// The checksum of a file in lower-case hexadecimal; empty for ChecksumKind::none.
Result<std::string> checksum(const std::filesystem::path& file, ChecksumKind kind);

}  // namespace podium::download
