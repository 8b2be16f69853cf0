#include "text/vocabulary.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace podium::text {

Result<std::vector<std::string_view>> read_pieces(const Spec& vocab) {
  std::vector<std::string_view> pieces;
  std::optional<std::string> problem;
  vocab.value().for_each_member([&](std::string_view piece, json::Value value) {
    const auto id = value.as_int();
    if (!id || *id < 0 || *id > kMaxTokenId) {
      problem = fmt::format("has no sensible id for \"{}\"", piece);
      return false;
    }
    const auto index = static_cast<std::size_t>(*id);
    if (index >= pieces.size()) pieces.resize(index + 1);
    if (!pieces[index].empty()) {
      problem = fmt::format("gives \"{}\" and \"{}\" the same id", pieces[index], piece);
      return false;
    }
    pieces[index] = piece;
    return true;
  });
  if (problem) return vocab.malformed(*problem);
  if (pieces.empty()) return vocab.malformed("is empty");
  return pieces;
}

Result<Vocabulary> Vocabulary::build(std::span<const std::string_view> pieces,
                                     HiddenPieces hidden) {
  std::size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  if (bytes > std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::unsupported, "tokenizer.json: the vocabulary is larger than 4 GiB");
  }
  Vocabulary out;
  out.bytes_.reserve(bytes);
  out.starts_.reserve(pieces.size() + 1);
  for (const std::string_view piece : pieces) {
    out.starts_.push_back(static_cast<std::uint32_t>(out.bytes_.size()));
    out.bytes_ += piece;
  }
  out.starts_.push_back(static_cast<std::uint32_t>(bytes));

  std::vector<Trie::Entry> entries;
  entries.reserve(pieces.size());
  for (TokenId id = 0; id < static_cast<TokenId>(pieces.size()); ++id) {
    const std::string_view piece = out.piece(id);
    if (piece.empty()) continue;
    if (std::find(hidden.begin(), hidden.end(), piece) != hidden.end()) {
      out.hidden_.push_back({std::string(piece), id});
    } else {
      entries.push_back({piece, id});
    }
  }
  PODIUM_TRY(out.trie_, Trie::build(std::move(entries)));
  return out;
}

TokenId Vocabulary::find(std::string_view piece) const {
  if (piece.empty()) return -1;
  for (auto hidden = hidden_.rbegin(); hidden != hidden_.rend(); ++hidden) {
    if (hidden->piece == piece) return hidden->id;
  }
  return trie_.find(piece);
}

std::string_view Vocabulary::piece(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= size()) return {};
  const auto i = static_cast<std::size_t>(id);
  return std::string_view(bytes_).substr(starts_[i], starts_[i + 1] - starts_[i]);
}

std::size_t Vocabulary::memory_bytes() const {
  return bytes_.capacity() + starts_.capacity() * sizeof(starts_[0]) + trie_.memory_bytes();
}

}  // namespace podium::text
