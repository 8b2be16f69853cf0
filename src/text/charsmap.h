// sentencepiece's precompiled character map: a trie from UTF-8 strings to their replacements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace podium::text {

class Charsmap {
 public:
  // `base64` as in tokenizer.json. The blob: the trie's size in bytes (u32, little endian), the
  // units of the trie (u32 each, the layout of Darts-clone), then the replacements, each ended by a
  // NUL.
  static Result<Charsmap> parse(std::string_view base64);

  // What the shortest mapped prefix of `text` turns into; nothing if no prefix is mapped. Valid
  // UTF-8, and good as long as this object lives.
  std::optional<std::string_view> replacement(std::string_view text) const;

  std::size_t memory_bytes() const;

 private:
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace podium::text
