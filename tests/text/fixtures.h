// What the tests of the text room share: tokenizers from tests/text/data and offsets in characters.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"
#include "text/tokenizer.h"

namespace podium::text {

inline std::string read_data(std::string_view name) {
  std::ifstream in(std::string(PODIUM_SOURCE_DIR) + "/tests/text/data/" + std::string(name),
                   std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline Tokenizer load(std::string_view json, SpecialTokens special_tokens = SpecialTokens::match) {
  auto tokenizer = Tokenizer::from_json(json, special_tokens);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    std::abort();  // no test can go on
  }
  return *std::move(tokenizer);
}

inline Encoding encode(const Tokenizer& tokenizer, std::string_view text) {
  Encoding out;
  tokenizer.encode(text, out);
  return out;
}

inline std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> out;
  for (const TokenId id : encode(tokenizer, text).ids) out.emplace_back(tokenizer.piece(id));
  return out;
}

// Begin and end of every token in characters, an ill-formed subpart being one.
inline std::vector<std::size_t> character_offsets(std::string_view text, const Encoding& encoding) {
  std::vector<std::optional<std::size_t>> characters(text.size() + 1);
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += utf8::decode(text, at).length) {
    characters[at] = count++;
  }
  characters[text.size()] = count;
  std::vector<std::size_t> out;
  for (const Offset& offset : encoding.offsets) {
    EXPECT_TRUE(characters[offset.begin] && characters[offset.end]) << "inside a character";
    out.push_back(characters[offset.begin].value_or(0));
    out.push_back(characters[offset.end].value_or(0));
  }
  return out;
}

// What holds for every encoding of every text.
inline void expect_sound(const Tokenizer& tokenizer, std::string_view text) {
  const Encoding encoding = encode(tokenizer, text);
  ASSERT_EQ(encoding.ids.size(), encoding.offsets.size());
  std::size_t last = 0;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    EXPECT_FALSE(tokenizer.piece(encoding.ids[i]).empty());
    EXPECT_LE(last, encoding.offsets[i].begin);
    EXPECT_LE(encoding.offsets[i].begin, encoding.offsets[i].end);
    EXPECT_LE(encoding.offsets[i].end, text.size());
    last = encoding.offsets[i].begin;
  }
  character_offsets(text, encoding);
  const Encoding again = encode(tokenizer, text);
  EXPECT_EQ(encoding.ids, again.ids);
}

}  // namespace podium::text
