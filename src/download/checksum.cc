#include "download/checksum.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

namespace podium::download {

namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

ChecksumKind checksum_kind(std::string_view etag) {
  if (etag.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return ChecksumKind::none;
  }
  if (etag.size() == 64) return ChecksumKind::sha256;
  return etag.size() == 40 ? ChecksumKind::git_sha1 : ChecksumKind::none;
}

Result<std::string> checksum(const std::filesystem::path& file, ChecksumKind kind) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  if (kind == ChecksumKind::none) return std::string();
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), kind == ChecksumKind::sha256 ? EVP_sha256() : EVP_sha1(),
                    nullptr);
  if (kind == ChecksumKind::git_sha1) {
    std::error_code ignored;
    std::string head = fmt::format("blob {}", std::filesystem::file_size(file, ignored));
    head.push_back('\0');
    EVP_DigestUpdate(context.get(), head.data(), head.size());
  }
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> piece(kPiece);
  while (stream) {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.eof()) return fail(ErrorCode::io, fmt::format("cannot read {}", file.string()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  std::string hexadecimal;
  for (unsigned i = 0; i < size; ++i) hexadecimal += fmt::format("{:02x}", digest[i]);
  return hexadecimal;
}

}  // namespace podium::download
