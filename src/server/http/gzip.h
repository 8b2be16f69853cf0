// Compressed bodies (RFC 9110 content codings gzip and deflate): the server's zlib door.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace podium::server {

std::string gzip_compress(std::string_view bytes);

enum class Inflate { done, broken, too_large };

// Replaces `bytes`, gzip or zlib, by what they hold if that is at most `most` bytes.
Inflate gzip_decompress(std::string& bytes, std::size_t most);

// Whether an Accept-Encoding header takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace podium::server
