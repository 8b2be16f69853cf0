// What is kept of a document's text while its windows are scored.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace podium {

// A stretch of a document, held while its passages may be asked for.
struct Excerpt {
  std::string text;
  std::size_t begin = 0;  // in characters of the document
  double score = 0;       // logit of the window
};

// The part of a document that windows can still reach.
class TrailingText {
 public:
  void clear();
  void append(std::string_view part) { text_.append(part); }
  // Bytes [begin, end) of the document; what stands before them is forgotten.
  Excerpt take(std::size_t begin, std::size_t end);

 private:
  std::string text_;
  std::size_t bytes_ = 0;  // of the document before it
  std::size_t characters_ = 0;
};

// Keeps the `most` best of a document's excerpts.
void keep_best(std::vector<Excerpt>& excerpts, Excerpt next, std::size_t most);

}  // namespace podium
