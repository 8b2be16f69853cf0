#include "server/http/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "server/http/message.h"

namespace podium::server {

namespace {

constexpr int kGzip = 15 + 16;        // window bits of deflateInit2: largest window, gzip header
constexpr int kGzipOrZlib = 15 + 32;  // of inflateInit2: told by the header
constexpr int kFast = 1;              // the network is quicker than level 6
constexpr std::size_t kStep = 1 << 16;

Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  return text.substr(begin, std::max(begin, end) - begin);
}

}  // namespace

std::string gzip_compress(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kFast, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = bytes_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

Inflate gzip_decompress(std::string& bytes, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) return Inflate::broken;
  stream.next_in = bytes_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= most) {
    const std::size_t size = out.size();
    out.resize(size + std::max(kStep, std::min(size, most - size)));
    stream.next_out = bytes_of(out) + size;
    stream.avail_out = static_cast<uInt>(out.size() - size);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  const bool all_read = stream.avail_in == 0;
  inflateEnd(&stream);
  if (out.size() > most) return Inflate::too_large;
  if (result != Z_STREAM_END || !all_read) return Inflate::broken;
  bytes = std::move(out);
  return Inflate::done;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string_view name = trim(item.substr(0, semicolon));
    if (!same_name(name, "gzip") && name != "*") continue;
    std::string_view quality = trim(item.substr(std::min(semicolon + 1, item.size())));
    if (!quality.starts_with("q=")) return true;
    quality.remove_prefix(2);
    return quality.find_first_not_of("0.") != std::string_view::npos;
  }
  return false;
}

}  // namespace podium::server
