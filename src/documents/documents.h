// From what people have to the texts that are ranked.
//
// A JSON document is a string or an object whose "text" is a string; the object is kept as written,
// so that whatever else it carries comes back with its score. Files of other kinds are cut into
// documents by their own rules: rows of CSV, blocks of YAML, functions of source code, tables of an
// SQL schema or an SQLite file, tools of a list for agents (see the file of each format).
//
// How the format is told (InputFormat::automatic): a file of SQLite by how it begins, others by
// their extension where registry.cc lists it, and all else by the content:
//   JSON array  if the input opens with `[` and then `"` or `{`, or is as a whole a valid JSON
//               array;
//   tools       if it is as a whole one JSON object that lists tools and has no "text";
//   JSONL       if it opens with `{` and then `"`, or if its first line that is not blank is a JSON
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

enum class InputFormat { automatic, lines, jsonl, json, csv, yaml, code, sql, sqlite, tools };

// What a JSON object holds.
enum class Content {
  text,           // "text"
  search_result,  // a "url" (or "link") with a "title", a "snippet" (or "description"), or both
};

struct ReadOptions {
  InputFormat format = InputFormat::automatic;
  Content content = Content::text;
  // The members of objects, or columns, that are read, in this order; none is "text".
  std::vector<std::string> fields;
};

// Where documents stand in the input. Of lines, JSON, CSV, YAML and code no text is held: a file
// may be larger than memory. What is put together from several places (tables, tools) is `owned`.
struct Documents {
  using Render = std::function<std::string(std::string_view)>;

  // Texts as written, into the input or `owned`: as they are, or if `escaped` what stands between
  // the quotes of a JSON string, its escapes not yet read.
  std::vector<std::string_view> written;
  bool escaped = false;
  std::vector<std::string_view> originals;  // as JSON; no element where the texts are all there is
  Render render_text;                       // from an original, where texts are not written
  Render render_json;                       // from an original that is no JSON: a row
  std::vector<std::string> names;           // of parts that have one: a function, a table, a tool
  std::deque<std::string> owned;            // what does not stand in the input like that
  InputFormat format = InputFormat::lines;  // never automatic

  std::size_t size() const { return written.size(); }

  // The text, or about its first `most` bytes, to the end of a character.
  std::string text(std::size_t index, std::size_t most = std::string::npos) const;

  // Characters [begin, end) of the text.
  std::string characters(std::size_t index, std::size_t begin, std::size_t end) const;

  // The document as compact JSON on one line: the original value, else its text as a string, or as
  // {"id": its name, "text": …}.
  std::string json(std::size_t index) const;

  // A member of the original object if that is a string or a number; "id" is also its name.
  std::optional<std::string> member(std::size_t index, std::string_view name) const;

 private:
  std::string original(std::size_t index) const;
};

// The format of that name ("csv"; "auto" is InputFormat::automatic), and all names as
// "auto|lines|…".
std::optional<InputFormat> find_format(std::string_view name);
std::string format_names();

// Called now and then while a large input is read, when nothing of it is being looked at.
using Passed = std::function<void()>;

// Splits `input`, which must outlive the result, into at least one document. `source` names the
// input in errors and by its extension, and is opened by the format SQLite; errors name the line,
// and the element of an array, too.
Result<Documents> parse_documents(std::string_view input, std::string_view source,
                                  const ReadOptions& options = {}, const Passed& passed = {});

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
  std::string rendered_;
  std::string_view rest_;
  std::string part_;
  std::size_t read_ = 0;  // bytes since passed_ was called
};

}  // namespace podium::documents
