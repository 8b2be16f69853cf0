// Any bytes as documents: an error, or texts that are UTF-8, that the originals really hold, and
// that come back the same when they are written down as JSONL and as an array.
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

void check(const Documents& documents) {
  require(documents.size() > 0);
  require(documents.format != InputFormat::automatic);
  require(documents.originals.empty() == (documents.format == InputFormat::lines));
  std::string jsonl;
  std::string array;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string text = documents.text(i);
    require(podium::utf8::is_valid(text));
    const std::string json = documents.json(i);
    require(json.find('\n') == std::string::npos);
    const auto parsed = podium::json::Document::parse(json, "original");
    require(parsed.has_value());
    require(text_of(parsed->root()) == text);
    jsonl += json + "\n";
    array += (i == 0 ? "[" : ",") + json;
  }
  array += "]";
  for (const auto& [input, format] :
       {std::pair(jsonl, InputFormat::jsonl), std::pair(array, InputFormat::json)}) {
    const auto again = podium::documents::parse_documents(input, "again", format);
    require(again.has_value() && again->size() == documents.size());
    for (std::size_t i = 0; i < documents.size(); ++i) require(again->text(i) == documents.text(i));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto format :
       {InputFormat::automatic, InputFormat::lines, InputFormat::jsonl, InputFormat::json}) {
    const auto documents = podium::documents::parse_documents(input, "input", format);
    if (documents) check(*documents);
    if (!documents) require(!documents.error().message.empty());
  }
  return 0;
}
