// Pre-tokenizers that cut at characters of a class and leave the text as it is.
#include <utility>

#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

// What becomes of the characters at which a text is cut.
enum class Delimiter {
  removed,
  isolated,              // each is a piece
  contiguous,            // each run of them is a piece
  merged_with_previous,  // each ends a piece
  merged_with_next,      // each starts a piece
};

template <class IsDelimiter>
void split(Pieces& pieces, Pieces& spare, Delimiter delimiter, IsDelimiter&& is_delimiter) {
  const std::string_view text = pieces.text.bytes;
  spare.spans.clear();
  for (const Piece piece : pieces.spans) {
    std::uint32_t begin = piece.begin;
    const auto cut = [&](std::uint32_t at) {
      if (begin < at) spare.spans.push_back({begin, at});
      begin = at;
    };
    bool after_delimiter = false;
    for (std::uint32_t at = piece.begin; at < piece.end;) {
      const Character c = character_at(text, at);
      const std::uint32_t end = at + c.length;
      const bool found = is_delimiter(c.code_point);
      switch (delimiter) {
        case Delimiter::removed:
          if (found) cut(at), begin = end;
          break;
        case Delimiter::isolated:
          if (found) cut(at), cut(end);
          break;
        case Delimiter::contiguous:
          if (found != after_delimiter) cut(at);
          break;
        case Delimiter::merged_with_previous:
          if (found) cut(end);
          break;
        case Delimiter::merged_with_next:
          if (found) cut(at);
          break;
      }
      after_delimiter = found;
      at = end;
    }
    cut(piece.end);
  }
  std::swap(pieces.spans, spare.spans);
}

using Class = bool (*)(char32_t);

template <Class is_in_class>
class Split final : public PreTokenizer {
 public:
  explicit Split(Delimiter delimiter) : delimiter_(delimiter) {}
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, delimiter_, is_in_class);
  }

 private:
  Delimiter delimiter_;
};

// Words and runs of other characters, without the whitespace between: \w+|[^\w\s]+
class Whitespace final : public PreTokenizer {
 public:
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, Delimiter::removed, is_whitespace);
    split(pieces, spare, Delimiter::contiguous, is_word);
  }
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, Delimiter::removed, is_whitespace);
    split(pieces, spare, Delimiter::isolated, is_punctuation);
  }
};

Result<Delimiter> read_delimiter(const Spec& spec) {
  PODIUM_TRY(const std::string_view name, spec.string_or("behavior", "Isolated"));
  if (name == "Removed") return Delimiter::removed;
  if (name == "Isolated") return Delimiter::isolated;
  if (name == "Contiguous") return Delimiter::contiguous;
  if (name == "MergedWithPrevious") return Delimiter::merged_with_previous;
  if (name == "MergedWithNext") return Delimiter::merged_with_next;
  return spec.malformed(fmt::format("has the unknown behavior \"{}\"", name));
}

}  // namespace

Result<std::unique_ptr<PreTokenizer>> make_bert_pre_tokenizer(const Spec&) {
  return std::make_unique<BertPreTokenizer>();
}

Result<std::unique_ptr<PreTokenizer>> make_digits(const Spec& spec) {
  PODIUM_TRY(const bool individual, spec.boolean_or("individual_digits", false));
  return std::make_unique<Split<is_number>>(individual ? Delimiter::isolated
                                                       : Delimiter::contiguous);
}

Result<std::unique_ptr<PreTokenizer>> make_punctuation(const Spec& spec) {
  PODIUM_TRY(const Delimiter delimiter, read_delimiter(spec));
  return std::make_unique<Split<is_punctuation>>(delimiter);
}

Result<std::unique_ptr<PreTokenizer>> make_whitespace(const Spec&) {
  return std::make_unique<Whitespace>();
}

Result<std::unique_ptr<PreTokenizer>> make_whitespace_split(const Spec&) {
  return std::make_unique<Split<is_whitespace>>(Delimiter::removed);
}

}  // namespace podium::text
