// Secrets of API keys: how they are made, stored and compared (the libcrypto door of this folder).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace podium::server {

// HMAC-SHA-256 of a key under the salt of its file. A key made here carries 238 random bits, so a
// slow hash would protect nothing that a fast one does not.
using KeyDigest = std::array<unsigned char, 32>;
using KeySalt = std::array<unsigned char, 32>;

// `length` letters and digits from the operating system's random source.
Result<std::string> random_word(std::size_t length);
Result<KeySalt> random_salt();

KeyDigest digest_key(std::string_view key, const KeySalt& salt);

// Takes the same time wherever the two differ.
bool equal(const KeyDigest& a, const KeyDigest& b);

}  // namespace podium::server
