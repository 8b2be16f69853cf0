// The kinds of parts a tokenizer.json is made of. A part is immutable after construction and shared
// by threads; what it needs to write is passed along, so that no part allocates per token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/mapped_text.h"
#include "text/spec.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

namespace podium::text {

// Bytes [begin, end) of a MappedText, never empty.
struct Piece {
  std::uint32_t begin;
  std::uint32_t end;
};

// A text cut into the pieces that the model sees one by one, in order, not overlapping.
struct Pieces {
  MappedText text;
  std::vector<Piece> spans;
};

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // Rewrites `text`. `spare` is memory to write to and swap with; its content is unspecified.
  virtual void apply(MappedText& text, MappedText& spare) const = 0;
  virtual std::size_t memory_bytes() const { return 0; }
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Cuts the pieces further and may rewrite their text. `spare` as above.
  virtual void apply(Pieces& pieces, Pieces& spare) const = 0;
  // Before or behind which blanks it always ends a piece.
  virtual BlankCuts blank_cuts() const { return BlankCuts::none; }
};

// Takes the tokens of one run of a model and turns their places into offsets in the original text.
class TokenSink {
 public:
  // `original` is the text that `text.origin` points into.
  TokenSink(std::string_view original, const MappedText& text, Encoding& out)
      : original_(original), text_(text), out_(out) {}

  // A token standing for bytes [begin, end) of the mapped text; begin < end.
  void add(TokenId id, std::size_t begin, std::size_t end) {
    out_.ids.push_back(id);
    out_.offsets.push_back({text_.origin[begin], end_of_character(text_.origin[end - 1])});
  }

 private:
  std::size_t end_of_character(std::size_t at) const {
    return static_cast<unsigned char>(original_[at]) < 0x80 ? at + 1 : end_of_long_character(at);
  }
  std::size_t end_of_long_character(std::size_t at) const;

  std::string_view original_;
  const MappedText& text_;
  Encoding& out_;
};

// The best way found to reach a byte of the piece in the Unigram model.
struct LatticeNode {
  double score;
  TokenId id;
  std::uint32_t length;  // bytes of the last token on that way
};

class Model {
 public:
  explicit Model(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~Model() = default;
  virtual std::string_view name() const = 0;
  virtual void tokenize(const Pieces& pieces, std::vector<LatticeNode>& lattice,
                        TokenSink& out) const = 0;
  virtual std::size_t memory_bytes() const { return vocabulary_.memory_bytes(); }
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
};

// Where the special tokens go around one text or two.
struct TemplateItem {
  enum class Kind : std::uint8_t { query, document, special };
  Kind kind;
  std::uint8_t type_id;
  TokenId id;  // of a special token
};
struct Template {
  std::vector<TemplateItem> single;
  std::vector<TemplateItem> pair;
  bool trim_offsets = false;      // spaces at a token's ends are not part of its offsets
  bool keep_first_space = false;  // but one in front of the text is
};

// Builders by the "type" of a spec; registry.cc lists what is known.
Result<std::unique_ptr<Normalizer>> make_normalizer(const Spec& spec);
Result<std::unique_ptr<PreTokenizer>> make_pre_tokenizer(const Spec& spec);
Result<std::unique_ptr<Model>> make_model(const Spec& spec, HiddenPieces hidden);
Result<Template> make_template(const Spec& spec);

// What holds without a post-processor: the texts alone, the second one of type 1.
Template default_template();

}  // namespace podium::text
