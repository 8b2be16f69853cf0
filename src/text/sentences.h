// Where sentences and lines begin in a text that comes in parts. A rule of thumb for all scripts,
// not the Unicode algorithm: a line end always ends a sentence; so do full stops of scripts that
// write no blank behind them; of . ! ? and … those before a blank and no lower-case letter.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace podium::text {

class SentenceScanner {
 public:
  // lines_only: line ends alone count.
  explicit SentenceScanner(bool lines_only = false) : lines_only_(lines_only) {}

  void clear() { *this = SentenceScanner(lines_only_); }

  // The next part of a text, whole characters of UTF-8; appends the places, in bytes of the text,
  // at which a line or sentence begins (never 0).
  void feed(std::string_view part, std::vector<std::size_t>& out);

 private:
  // What has been read: nothing that ends; a stop that needs a blank; one that does not, or that
  // had it; a line end.
  enum class State { inside, stop, blank, ended, line };

  void take(char32_t c, std::size_t at, std::vector<std::size_t>& out);

  bool lines_only_;
  State state_ = State::inside;
  std::size_t at_ = 0;  // bytes read
};

}  // namespace podium::text
