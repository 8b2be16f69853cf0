// Standard output. A reader that closes the pipe has seen enough: the rest is dropped quietly and
// the program ends well. Any other failure to write is reported and makes the exit status 1.
#pragma once

#include <string>
#include <string_view>

namespace podium::cli {

class Output {
 public:
  Output& operator<<(std::string_view text);

  // Writes what is left. Returns the exit status.
  int finish();

 private:
  void flush();
  std::string buffer_;
  int error_ = 0;  // errno of the first write that failed
};

}  // namespace podium::cli
