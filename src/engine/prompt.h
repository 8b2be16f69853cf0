// What a decoder is asked about a query and a document.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace podium {

// A prompt is tokenized in pieces that are put side by side; only the query and the document are
// cut, never what stands around them.
class Prompt {
 public:
  // The prompt of an architecture (Description::architecture); nothing for those without one.
  // Errors: the vocabulary has no token for a control word.
  static Result<std::optional<Prompt>> make(std::string_view architecture,
                                            const text::Tokenizer& tokenizer);

  // Tokens besides query and document.
  std::size_t size() const { return head_.size() + tail_.size(); }

  // Whether query and document are one text for the tokenizer.
  bool joins() const { return body_ == Body::joined; }

  // The query behind its label and the instruction; an empty one is the model's own.
  std::string labelled(std::string_view instruction, std::string_view query) const;

  // What stands in front of the document, tokenized as one text with it: the label of the document,
  // behind the labelled query where both are one text.
  std::string lead(std::string_view labelled) const;

  // The most tokens of a labelled query: it leaves the document a quarter.
  std::size_t query_room(std::size_t max_length) const;

  // The tokens of a sequence besides the document's, of a query of its own and a lead.
  std::size_t taken(std::size_t query, std::size_t lead) const;

  // A sequence of at most max_length tokens: what does not fit in front of the tail is cut.
  void build(std::span<const text::TokenId> query, std::span<const text::TokenId> lead,
             std::span<const text::TokenId> document, std::size_t max_length,
             text::Sequence& out) const;

 private:
  // Whether query and document are one text for the tokenizer, or one each.
  enum class Body { joined, apart };

  Body body_ = Body::joined;
  std::vector<text::TokenId> head_;
  std::vector<text::TokenId> tail_;
  std::vector<text::TokenId> border_;  // between query and document, if they are apart
  std::string document_label_;
};

}  // namespace podium
