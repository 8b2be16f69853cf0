// Any bytes as documents of every format: an error, or texts that are UTF-8, that the originals
// really hold, and that come back the same when they are written down as JSONL and as an array.
// Code is tried as each kind of language, and its pieces are the whole file but for white space.
#include <cstdint>
#include <cstdlib>

#include "base/json.h"
#include "base/utf8.h"
#include "documents/documents.h"

namespace {

using podium::documents::Documents;
using podium::documents::InputFormat;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view text_of(const podium::json::Value& value) {
  if (const auto text = value.as_string()) return *text;
  return value.find("text")->as_string().value();
}

// Whether the JSON of a document is its text or an object with it.
bool has_texts(InputFormat format) {
  return format != InputFormat::csv && format != InputFormat::tools;
}

void check(const Documents& documents) {
  require(documents.size() > 0);
  require(documents.format != InputFormat::automatic);
  const bool texts_alone =
      documents.format == InputFormat::lines || documents.format == InputFormat::yaml;
  require(documents.originals.empty() == texts_alone || !documents.names.empty());
  require(documents.names.empty() || documents.names.size() == documents.size());
  std::string jsonl;
  std::string array;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string text = documents.text(i);
    require(podium::utf8::is_valid(text));
    const std::string json = documents.json(i);
    require(json.find('\n') == std::string::npos);
    const auto parsed = podium::json::Document::parse(json, "original");
    require(parsed.has_value());
    if (has_texts(documents.format)) require(text_of(parsed->root()) == text);
    jsonl += json + "\n";
    array += (i == 0 ? "[" : ",") + json;
  }
  array += "]";
  if (!has_texts(documents.format)) return;
  for (const auto& [input, format] :
       {std::pair(jsonl, InputFormat::jsonl), std::pair(array, InputFormat::json)}) {
    const auto again = podium::documents::parse_documents(input, "again", {.format = format});
    require(again.has_value() && again->size() == documents.size());
    for (std::size_t i = 0; i < documents.size(); ++i) require(again->text(i) == documents.text(i));
  }
}

void check_whole(const Documents& documents, std::string_view input) {
  const auto solid = [](std::string_view text) {
    std::string kept(text);
    std::erase_if(kept, [](char c) {
      return std::string_view(" \t\r\n\v\f").find(c) != std::string_view::npos;
    });
    return kept;
  };
  std::string joined;
  for (std::size_t i = 0; i < documents.size(); ++i) joined += solid(documents.text(i));
  if (input.starts_with("\xEF\xBB\xBF")) input.remove_prefix(3);
  require(joined == solid(input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto format :
       {InputFormat::automatic, InputFormat::lines, InputFormat::jsonl, InputFormat::json,
        InputFormat::csv, InputFormat::yaml, InputFormat::sql, InputFormat::tools}) {
    const auto documents = podium::documents::parse_documents(input, "input", {.format = format});
    if (documents) check(*documents);
    if (!documents) require(!documents.error().message.empty());
  }
  for (const char* file : {"x.cc", "x.rs", "x.java", "x.ts", "x.php", "x.py", "x.rb", "x.sh"}) {
    const auto pieces = podium::documents::parse_documents(input, file);
    if (!pieces) continue;
    check(*pieces);
    if (pieces->format == InputFormat::code) check_whole(*pieces, input);
  }
  return 0;
}
