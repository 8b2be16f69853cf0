// What a decoder is asked about a query and a document.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
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

  // One sequence per document, of at most max_length tokens.
  std::vector<text::Sequence> sequences(const text::Tokenizer& tokenizer, std::string_view query,
                                        std::span<const std::string_view> documents,
                                        std::size_t max_length, ThreadPool& pool) const;

 private:
  // Whether query and document are one text for the tokenizer, or one each.
  enum class Body { joined, apart };

  void build(std::span<const text::TokenId> query, std::string_view joined_query,
             std::string_view document, std::size_t budget, const text::Tokenizer& tokenizer,
             std::string& text, text::Encoding& encoding, text::Sequence& out) const;

  Body body_ = Body::joined;
  std::vector<text::TokenId> head_;
  std::vector<text::TokenId> tail_;
  std::vector<text::TokenId> border_;  // between query and document, if they are apart
  std::string query_label_;
  std::string document_label_;
};

}  // namespace podium
