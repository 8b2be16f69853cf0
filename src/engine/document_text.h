// From documents in memory to a source and back: what rank() is given, in the form that rankers
// read.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "podium/engine.h"

namespace podium {

// Documents that are in memory already and were checked.
class DocumentSpan final : public DocumentSource {
 public:
  explicit DocumentSpan(std::span<const std::string_view> documents) : documents_(documents) {}
  Result<bool> next() override;
  Result<std::string_view> read() override;

 private:
  std::span<const std::string_view> documents_;
  std::size_t begun_ = 0;
  bool unread_ = false;
};

// The text of the document that a source stands at, in parts of whole characters of UTF-8, none
// longer than kPartBytes.
class DocumentText {
 public:
  static constexpr std::size_t kPartBytes = std::size_t{16} << 10;

  // index: how errors call the document.
  DocumentText(DocumentSource& source, std::size_t index) : source_(source), index_(index) {}

  // The next part, valid until the next call; empty at the end. Errors: malformed, where the text
  // is not UTF-8; those of the source.
  Result<std::string_view> read();

 private:
  Result<std::string_view> checked(std::string_view part);

  DocumentSource& source_;
  std::size_t index_;
  std::string_view rest_;  // of the source's part
  std::string joined_;     // a character begun in the part before, and what follows
  std::string begun_;
  std::size_t bytes_ = 0;  // that were returned
};

}  // namespace podium
