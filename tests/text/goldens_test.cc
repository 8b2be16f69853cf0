// Ids and offsets against what Hugging Face `tokenizers` made of the same texts
// (scripts/make_tokenizer_goldens.py).
#include <gtest/gtest.h>

#include <algorithm>

#include "fixtures.h"

namespace podium::text {
namespace {

std::string charsmap_of(const json::Value& tokenizer) {
  std::string out;
  const auto parts = tokenizer.find("normalizer")->find("normalizers");
  parts->for_each_element([&](json::Value part) {
    out = part.find("precompiled_charsmap")->as_string().value();
    return false;
  });
  return out;
}

// The tokenizer.json with some of its fields replaced.
std::string with_overrides(const std::string& base, const json::Value& overrides) {
  const auto document = json::Document::parse(base, "base");
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  document->root().for_each_member([&](std::string_view key, json::Value value) {
    std::string text = overrides.find(key).value_or(value).to_text();
    const auto at = text.find("\"CHARSMAP\"");
    if (at != text.npos) text.replace(at + 1, 8, charsmap_of(document->root()));
    writer.key(key).raw(text);
    return true;
  });
  writer.end_object();
  return out;
}

std::string unhex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::vector<json::Value> elements(const json::Value& array) {
  std::vector<json::Value> out;
  array.for_each_element([&](json::Value value) { return out.push_back(value), true; });
  return out;
}

template <class T>
std::vector<T> integers(const json::Value& array) {
  std::vector<T> out;
  for (const json::Value& value : elements(array)) out.push_back(static_cast<T>(*value.as_int()));
  return out;
}

class Goldens : public ::testing::Test {
 protected:
  Goldens() {
    for (const json::Value& text : elements(*root().find("texts"))) {
      const auto hex = text.find("hex");
      texts_.push_back(hex ? unhex(*hex->as_string()) : std::string(*text.as_string()));
    }
  }

  json::Value root() const { return document_.root(); }

  void check_case(const Tokenizer& tokenizer, const json::Value& golden) const {
    const auto fields = elements(golden);
    const std::string& text = texts_[static_cast<std::size_t>(*fields[0].as_int())];
    SCOPED_TRACE(::testing::PrintToString(text));
    const Encoding encoding = encode(tokenizer, text);
    EXPECT_EQ(encoding.ids, integers<TokenId>(fields[1]));
    if (fields[2].is_null()) return;
    EXPECT_EQ(character_offsets(text, encoding), integers<std::size_t>(fields[2]));
  }

  std::string json_ = read_data("goldens.json");
  json::Document document_ = *json::Document::parse(json_, "goldens.json");
  std::vector<std::string> texts_;
};

TEST_F(Goldens, IdsAndOffsetsEqualHuggingFace) {
  for (const json::Value& group : elements(*root().find("groups"))) {
    const auto base = *group.find("tokenizer")->as_string();
    const json::Value overrides = *group.find("overrides");
    SCOPED_TRACE(std::string(base) + " with " + overrides.to_text().substr(0, 300));
    const Tokenizer tokenizer = load(with_overrides(read_data(base), overrides));
    const auto cases = elements(*group.find("cases"));
    EXPECT_FALSE(cases.empty());
    for (const json::Value& golden : cases) check_case(tokenizer, golden);
    if (HasFailure()) return;  // one group's worth of differences is enough to read
  }
}

TEST_F(Goldens, EncodingsAreSound) {
  for (const auto* name :
       {"unigram.json", "wordpiece.json", "bytes.json", "words.json", "characters.json"}) {
    for (const SpecialTokens mode : {SpecialTokens::text, SpecialTokens::match}) {
      const Tokenizer tokenizer = load(read_data(name), mode);
      for (const std::string& text : texts_) expect_sound(tokenizer, text);
    }
  }
}

TEST(Truncation, EqualsLongestFirst) {
  const Tokenizer tokenizer = load(read_data("wordpiece.json"));
  const auto document = json::Document::parse(read_data("truncation.json"), "truncation.json");
  const std::size_t special = tokenizer.special_tokens_in_pair();
  for (const json::Value& row : elements(document->root())) {
    const auto n = integers<std::size_t>(row);
    const std::vector<TokenId> query(n[0], 7), text(n[1], 8);
    Sequence out;
    tokenizer.build_pair(query, text, n[2], out);
    SCOPED_TRACE(row.to_text());
    const auto count = [&](TokenId id) {
      return static_cast<std::size_t>(std::count(out.ids.begin(), out.ids.end(), id));
    };
    EXPECT_EQ(count(7), n[3]);
    EXPECT_EQ(count(8), n[4]);
    EXPECT_EQ(out.ids.size(), n[3] + n[4] + special);
    EXPECT_EQ(out.ids.size(), tokenizer.pair_length(n[0], n[1], n[2]));
    EXPECT_EQ(out.truncated, n[3] + n[4] < n[0] + n[1]);
  }
}

}  // namespace
}  // namespace podium::text
