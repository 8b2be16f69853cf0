// A document's tokens cut into windows as they come, so that no more of it is held than a window
// and what was read at once.
//
// The rule is that of jina-reranker-v2's rerank(): a document of at most `room` tokens is one
// window. Else windows of `room` tokens begin `room - overlap` apart, until one would reach the
// end: that one is moved back so that it ends there and is as long as the others.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "podium/options.h"
#include "text/tokenizer.h"

namespace podium {

struct WindowRule {
  std::size_t room = 1;     // tokens of a window, at least 1
  std::size_t overlap = 0;  // as asked for; at most a quarter of room is used
  std::size_t most = 0;     // windows; 0: any number
};

// A stretch of a document; lives until the next call of its cutter.
struct Window {
  std::span<const text::TokenId> ids;
  std::size_t begin = 0;  // in bytes of the document
  std::size_t end = 0;
};

class WindowCutter {
 public:
  // Forgets everything; another document follows.
  void clear();

  // Where the document's tokens are to be appended. Their offsets count from `lead_bytes` before
  // it.
  text::Encoding& tokens() { return tokens_; }

  // Places, in bytes of the document and in order, before which a window should rather end than
  // elsewhere. None: after any token.
  std::vector<std::size_t>& borders() { return borders_; }

  // Tokens so far, those that are gone included.
  std::size_t size() const { return first_ + tokens_.ids.size(); }

  // Takes away what stands in front of the document: its tokens, and its bytes. Not after next().
  void drop_lead(std::size_t count, std::size_t lead_bytes);
  // Leaves out the tokens behind the first `most`; whether there are any.
  bool cut(std::size_t most);

  // The next window that can be told, `finished` saying that no more tokens come. Nothing if more
  // are needed, or none is left.
  std::optional<Window> next(const WindowRule& rule, bool finished);

  // Whether all windows are out, and whether tokens were left out behind the last one.
  bool is_done() const { return done_; }
  bool is_cut() const { return cut_; }

 private:
  Window window(std::size_t begin, std::size_t end) const;
  void forget(std::size_t before);
  std::size_t tokens_before(std::size_t border) const;
  std::size_t end_of_window(std::size_t room) const;
  std::size_t next_start(std::size_t end, std::size_t overlap) const;

  text::Encoding tokens_;
  std::vector<std::size_t> borders_;
  std::size_t lead_bytes_ = 0;
  std::size_t first_ = 0;  // the number of tokens_'s first
  std::size_t start_ = 0;  // of the next window
  std::size_t last_ = 0;   // of the window before
  std::size_t count_ = 0;
  bool done_ = false;
  bool cut_ = false;
};

}  // namespace podium
