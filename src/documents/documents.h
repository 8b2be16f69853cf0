// Documents as people hand them to the command line: plain lines, JSONL or one JSON array.
//
// A JSON document is a string or an object whose "text" is a string; the object comes back as it
// was written, with whatever else it carries.
//
// How the format is told from the content (InputFormat::automatic):
//   JSON array  if the input opens with `[` and then `"` or `{`, or is as a whole a valid JSON
//   array; JSONL       if it opens with `{` and then `"`, or if its first line that is not blank is
//   a JSON
//               string or object;
//   plain lines otherwise.
// What opens like JSON and is not is therefore an error, never silently a plain line. White space
// between the opening characters does not matter. Blank lines are no documents; a line ends with LF
// or CR LF; a UTF-8 byte order mark at the start is dropped.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "podium/engine.h"

namespace podium::documents {

enum class InputFormat { automatic, lines, jsonl, json };

// What a JSON object holds.
enum class Content {
  text,           // "text"
  search_result,  // a "url" (or "link") with a "title", a "snippet" (or "description"), or both
};

// Where documents stand in the input. No text is held: a file may be larger than memory.
struct Documents {
  // Texts as written, into the input or `respelled`: a plain line, or what stands between the
  // quotes of a JSON string, its escapes not yet read.
  std::vector<std::string_view> written;
  std::vector<std::string_view> originals;  // the JSON as written; no element for plain lines
  std::deque<std::string> respelled;        // texts that do not stand in the input like that
  InputFormat format = InputFormat::lines;  // never automatic

  std::size_t size() const { return written.size(); }

  // The text, or about its first `most` bytes, to the end of a character.
  std::string text(std::size_t index, std::size_t most = std::string::npos) const;

  // Characters [begin, end) of the text.
  std::string characters(std::size_t index, std::size_t begin, std::size_t end) const;

  // The document as compact JSON on one line: its text as a string, or the original value.
  std::string json(std::size_t index) const;

  // A member of the original object if that is a string or a number.
  std::optional<std::string> member(std::size_t index, std::string_view name) const;
};

// Called now and then while a large input is read, when nothing of it is being looked at.
using Passed = std::function<void()>;

// Splits `input`, which must outlive the result, into at least one document. `source` names the
// input in errors; they name the line, and the element of an array, too.
Result<Documents> parse_documents(std::string_view input, std::string_view source,
                                  InputFormat format = InputFormat::automatic,
                                  Content content = Content::text, const Passed& passed = {});

// The texts, one after the other, for Engine::rank.
class DocumentReader final : public DocumentSource {
 public:
  explicit DocumentReader(const Documents& documents, Passed passed = {})
      : documents_(documents), passed_(std::move(passed)) {}
  Result<bool> next() override;
  Result<std::string_view> read() override;

 private:
  const Documents& documents_;
  Passed passed_;
  std::size_t begun_ = 0;
  std::string_view rest_;
  std::string part_;
  std::size_t read_ = 0;  // bytes since passed_ was called
};

}  // namespace podium::documents
