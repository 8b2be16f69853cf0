// The tokens of a text that comes in parts, without holding all of it.
//
// The text is tokenized in pieces that end at blanks where what stands on one side makes no
// difference to the tokens of the other: the pre-tokenizer ends its pieces there, and the tokens of
// the surroundings together are those of both sides one by one. So the ids are those that
// Tokenizer::encode gives for the whole (tests/text/token_stream_test.cc).
//
// Memory is bounded: a text without such a place for kLongestStretch bytes is cut between two
// characters there, which may change the tokens around that place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace podium::text {

class TokenStream {
 public:
  static constexpr std::size_t kPieceBytes = std::size_t{16} << 10;
  static constexpr std::size_t kLongestStretch = std::size_t{1} << 19;

  // Pieces are of about piece_bytes. The tokenizer outlives the stream.
  explicit TokenStream(const Tokenizer& tokenizer, std::size_t piece_bytes = kPieceBytes);

  // Forgets the text; another one may follow.
  void clear();

  // The next part of the text, cut anywhere; appends the tokens that are certain now. Offsets count
  // from the start of the text.
  void feed(std::string_view part, Encoding& out);

  // The text is over; appends the tokens that are left.
  void finish(Encoding& out);

 private:
  std::size_t find_cut();
  bool is_safe(std::size_t cut);
  void emit(std::size_t end, Encoding& out);

  const Tokenizer& tokenizer_;
  const std::size_t piece_bytes_;
  const BlankCuts cuts_;
  std::string buffer_;        // the text from begin_ on
  std::size_t begin_ = 0;     // what was tokenized before it, in bytes
  std::size_t searched_ = 0;  // no cut in the buffer before it
  std::size_t stride_ = 1;    // how far to look on after a place that is not safe
  Encoding piece_, left_, right_;
};

}  // namespace podium::text
