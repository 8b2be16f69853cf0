// The bytes of a file or of standard input, held until the output is written: documents and their
// texts point into them. Files are mapped, pipes read into one buffer.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/mapped_file.h"
#include "cli/command.h"
#include "documents/documents.h"

namespace podium::cli {

class Input {
 public:
  // `path` empty or "-" is standard input. An empty path is an error if standard input is a
  // terminal, where a forgotten file name would otherwise look like a program that hangs.
  static Result<Input> open(const std::string& path);

  std::string_view text() const;
  const std::string& name() const { return name_; }  // for messages

  // Gives the memory of a file back: what is looked at again is read again. A pipe stays in memory.
  void forget() const;

 private:
  Input(std::variant<MappedFile, std::string> bytes, std::string name);
  std::variant<MappedFile, std::string> bytes_;
  std::string name_;
};

// --input and --fields.
void input_options(Options& options, documents::ReadOptions& read);

}  // namespace podium::cli
