#include "server/auth/key_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace podium::server {

namespace {

tl::unexpected<Error> no_randomness() {
  return fail(ErrorCode::internal, "the system has no random bytes to make a key from");
}

}  // namespace

Result<std::string> random_word(std::size_t length) {
  constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr std::size_t kFair = 256 / kAlphabet.size() * kAlphabet.size();
  std::string word;
  while (word.size() < length) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) return no_randomness();
    if (byte < kFair) word += kAlphabet[byte % kAlphabet.size()];
  }
  return word;
}

Result<KeySalt> random_salt() {
  KeySalt salt;
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return no_randomness();
  return salt;
}

KeyDigest digest_key(std::string_view key, const KeySalt& salt) {
  KeyDigest digest;
  unsigned length = 0;
  HMAC(EVP_sha256(), salt.data(), static_cast<int>(salt.size()),
       reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data(), &length);
  return digest;
}

bool equal(const KeyDigest& a, const KeyDigest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace podium::server
