// Pre-tokenizers that cut at delimiters, mostly characters of a class, and leave the text as it is.
#include <utility>

#include "text/patterns.h"
#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

// What becomes of the delimiters at which a text is cut.
enum class Delimiter {
  removed,
  isolated,              // each is a piece
  contiguous,            // each run of them is a piece
  merged_with_previous,  // each ends a piece
  merged_with_next,      // each starts a piece
};

// find(text, at): the length of the delimiter that begins there, 0 if none does.
template <class Find>
void split(Pieces& pieces, Pieces& spare, Delimiter delimiter, Find&& find) {
  spare.spans.clear();
  for (const Piece piece : pieces.spans) {
    const auto text = std::string_view(pieces.text.bytes).substr(0, piece.end);
    std::uint32_t begin = piece.begin;
    const auto cut = [&](std::uint32_t at) {
      if (begin < at) spare.spans.push_back({begin, at});
      begin = at;
    };
    bool after_delimiter = false;
    for (std::uint32_t at = piece.begin; at < piece.end;) {
      const std::uint32_t length = find(text, at);
      const bool found = length > 0;
      const std::uint32_t end = at + (found ? length : character_at(text, at).length);
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
std::uint32_t find_class(std::string_view text, std::size_t at) {
  const Character c = character_at(text, at);
  return is_in_class(c.code_point) ? c.length : 0;
}

template <Class is_in_class>
class ClassSplit final : public PreTokenizer {
 public:
  explicit ClassSplit(Delimiter delimiter) : delimiter_(delimiter) {}
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, delimiter_, find_class<is_in_class>);
  }
  BlankCuts blank_cuts() const override {
    return is_in_class == is_whitespace ? BlankCuts::at_whitespace : BlankCuts::none;
  }

 private:
  Delimiter delimiter_;
};

// Words and runs of other characters, without the whitespace between: \w+|[^\w\s]+
class Whitespace final : public PreTokenizer {
 public:
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, Delimiter::removed, find_class<is_whitespace>);
    split(pieces, spare, Delimiter::contiguous, find_class<is_word>);
  }
  BlankCuts blank_cuts() const override { return BlankCuts::at_whitespace; }
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, Delimiter::removed, find_class<is_whitespace>);
    split(pieces, spare, Delimiter::isolated, find_class<is_punctuation>);
  }
  BlankCuts blank_cuts() const override { return BlankCuts::at_whitespace; }
};

class StringSplit final : public PreTokenizer {
 public:
  StringSplit(std::string_view delimiter, Delimiter behavior)
      : delimiter_(delimiter), behavior_(behavior) {}
  void apply(Pieces& pieces, Pieces& spare) const override {
    split(pieces, spare, behavior_, [&](std::string_view text, std::size_t at) {
      return text.substr(at).starts_with(delimiter_) ? static_cast<std::uint32_t>(delimiter_.size())
                                                     : 0;
    });
  }
  BlankCuts blank_cuts() const override {
    return delimiter_ == " " ? BlankCuts::at_spaces : BlankCuts::none;
  }

 private:
  std::string delimiter_;
  Delimiter behavior_;
};

class WordSplit final : public PreTokenizer {
 public:
  explicit WordSplit(const WordPattern& pattern) : pattern_(pattern) {}
  void apply(Pieces& pieces, Pieces& spare) const override { split_words(pattern_, pieces, spare); }
  BlankCuts blank_cuts() const override { return BlankCuts::at_whitespace; }

 private:
  WordPattern pattern_;
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
  return std::make_unique<ClassSplit<is_number>>(individual ? Delimiter::isolated
                                                            : Delimiter::contiguous);
}

Result<std::unique_ptr<PreTokenizer>> make_punctuation(const Spec& spec) {
  PODIUM_TRY(const Delimiter delimiter, read_delimiter(spec));
  return std::make_unique<ClassSplit<is_punctuation>>(delimiter);
}

// The matches of a known regular expression cover the text, so that it makes no difference whether
// they are isolated delimiters or what delimiters leave.
Result<std::unique_ptr<PreTokenizer>> make_split(const Spec& spec) {
  PODIUM_TRY(const Spec pattern, spec.object("pattern"));
  PODIUM_TRY(const Delimiter delimiter, read_delimiter(spec));
  PODIUM_TRY(const bool invert, spec.boolean_or("invert", false));
  if (pattern.find("Regex")) {
    PODIUM_TRY(const std::string_view regex, pattern.string("Regex"));
    const auto known = find_word_pattern(regex);
    if (!known) {
      return spec.unsupported(
          fmt::format("has a regular expression that Podium does not know: {}", regex));
    }
    if (delimiter != (invert ? Delimiter::removed : Delimiter::isolated)) {
      return spec.unsupported("has a behavior that leaves nothing of its pattern's matches");
    }
    return std::make_unique<WordSplit>(*known);
  }
  PODIUM_TRY(const std::string_view string, pattern.string("String"));
  if (string.empty()) return spec.malformed("has an empty pattern");
  if (invert) return spec.unsupported("inverts a pattern that is a plain string");
  return std::make_unique<StringSplit>(string, delimiter);
}

Result<std::unique_ptr<PreTokenizer>> make_whitespace(const Spec&) {
  return std::make_unique<Whitespace>();
}

Result<std::unique_ptr<PreTokenizer>> make_whitespace_split(const Spec&) {
  return std::make_unique<ClassSplit<is_whitespace>>(Delimiter::removed);
}

}  // namespace podium::text
