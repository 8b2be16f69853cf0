#include "text/added_tokens.h"

#include <utility>

#include "text/unicode.h"

namespace podium::text {

namespace {

char32_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return character_at(text, at).code_point;
}

// The start of the whitespace that ends at `end`, looking back no further than `least`.
std::size_t whitespace_before(std::string_view text, std::size_t least, std::size_t end) {
  while (end > least) {
    const char32_t c = last_character(text.substr(0, end));
    if (!is_whitespace(c)) break;
    end -= c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
  }
  return end;
}

std::size_t whitespace_after(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    const Character c = character_at(text, begin);
    if (!is_whitespace(c.code_point)) break;
    begin += c.length;
  }
  return begin;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word(last_character(text.substr(0, begin)))) &&
         (end == text.size() || !is_word(character_at(text, end).code_point));
}

Result<AddedToken> read_added_token(const Spec& spec) {
  AddedToken out;
  PODIUM_TRY(const std::int64_t id, spec.integer("id"));
  PODIUM_TRY(out.content, spec.string("content"));
  PODIUM_TRY(out.special, spec.boolean_or("special", false));
  PODIUM_TRY(out.single_word, spec.boolean_or("single_word", false));
  PODIUM_TRY(out.left_strip, spec.boolean_or("lstrip", false));
  PODIUM_TRY(out.right_strip, spec.boolean_or("rstrip", false));
  PODIUM_TRY(out.normalized, spec.boolean_or("normalized", !out.special));
  if (out.content.empty()) return spec.malformed("has an empty \"content\"");
  if (id < 0 || id > kMaxTokenId) return spec.malformed(fmt::format("has the id {}", id));
  out.id = static_cast<TokenId>(id);
  return out;
}

}  // namespace

Result<std::vector<AddedToken>> read_added_tokens(const Spec& root) {
  std::vector<AddedToken> out;
  if (!root.find("added_tokens")) return out;
  PODIUM_TRY(const Spec list, root.array("added_tokens"));
  Result<void> result;
  list.value().for_each_element([&](json::Value element) {
    auto token = read_added_token(Spec(element, fmt::format("added_tokens[{}]", out.size())));
    if (token) {
      out.push_back(*std::move(token));
    } else {
      result = tl::unexpected(std::move(token).error());
    }
    return result.has_value();
  });
  if (!result) return tl::unexpected(std::move(result).error());
  return out;
}

Result<AddedTokenMatcher> AddedTokenMatcher::build(std::vector<AddedToken> tokens,
                                                   const Normalizer* normalizer) {
  AddedTokenMatcher out;
  MappedText spare;
  for (AddedToken& token : tokens) {
    if (normalizer != nullptr) {
      MappedText content;
      content.append(token.content, 0);
      normalizer->apply(content, spare);
      token.content = content.bytes;
    }
    if (token.content.empty()) continue;
    out.begins_[static_cast<unsigned char>(token.content[0])] = true;
    out.tokens_.push_back(std::move(token));
  }
  std::vector<Trie::Entry> entries;
  entries.reserve(out.tokens_.size());
  for (const AddedToken& token : out.tokens_) {
    entries.push_back({token.content, static_cast<std::int32_t>(entries.size())});
  }
  PODIUM_TRY(out.trie_, Trie::build(std::move(entries)));
  return out;
}

std::int32_t AddedTokenMatcher::longest_at(std::string_view text, std::size_t at,
                                           std::size_t& end) const {
  std::int32_t longest = -1;
  Trie::Node node = Trie::kRoot;
  for (std::size_t i = at; i < text.size() && trie_.step(node, text[i]);) {
    ++i;
    if (trie_.value(node) < 0) continue;
    longest = trie_.value(node);
    end = i;
  }
  return longest;
}

std::optional<AddedTokenMatcher::Match> AddedTokenMatcher::next(std::string_view text,
                                                                Cursor& cursor) const {
  while (cursor.searched < text.size()) {
    std::size_t begin = cursor.searched++;
    if (!begins_[static_cast<unsigned char>(text[begin])]) continue;
    std::size_t end = 0;
    const std::int32_t index = longest_at(text, begin, end);
    if (index < 0) continue;
    cursor.searched = end;
    const AddedToken& token = tokens_[static_cast<std::size_t>(index)];
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.left_strip && begin > cursor.taken) {
      begin = whitespace_before(text, cursor.taken, begin);
    }
    if (token.right_strip) end = whitespace_after(text, end);
    cursor.taken = end;
    return Match{token.id, begin, end};
  }
  return std::nullopt;
}

}  // namespace podium::text
