// tokenize_lines TOKENIZER_JSON text|match
//
// Reads one JSON value a line from standard input, a string or {"text": string}, and writes its
// tokens: {"ids":[…],"offsets":[[begin,end],…]}, offsets in characters. For
// scripts/tokenizer_parity.py.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/json.h"
#include "base/mapped_file.h"
#include "text/tokenizer.h"

namespace {

using podium::text::Encoding;
using podium::text::Tokenizer;

std::string to_json(std::string_view text, const Encoding& encoding) {
  std::vector<std::size_t> characters(text.size() + 1);  // before each byte
  for (std::size_t i = 0; i < text.size(); ++i) {
    characters[i + 1] = characters[i] + ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80);
  }
  // A byte inside a character counts the character already, its first byte does not.
  std::string out;
  podium::json::Writer json(out);
  json.begin_object().key("ids").begin_array();
  for (const auto id : encoding.ids) json.value(id);
  json.end_array().key("offsets").begin_array();
  for (const auto& offset : encoding.offsets) {
    json.begin_array();
    json.value(static_cast<std::uint64_t>(characters[offset.begin]));
    json.value(static_cast<std::uint64_t>(characters[offset.end]));
    json.end_array();
  }
  json.end_array().end_object();
  return out;
}

int complain(const podium::Error& error) {
  std::cerr << error.message << '\n';
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return complain({podium::ErrorCode::invalid_argument, "usage: see the source", {}});
  const auto file = podium::MappedFile::open(argv[1]);
  if (!file) return complain(file.error());
  const auto mode = std::string_view(argv[2]) == "match" ? podium::SpecialTokens::match
                                                         : podium::SpecialTokens::text;
  const auto tokenizer = Tokenizer::from_json(file->text(), mode);
  if (!tokenizer) return complain(tokenizer.error());
  Encoding encoding;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto document = podium::json::Document::parse(line, "a line");
    if (!document) return complain(document.error());
    const auto value = document->root();
    const auto field = value.find("text");
    const auto text = (field ? *field : value).as_string();
    if (!text) return complain({podium::ErrorCode::malformed, "a line holds no text", {}});
    tokenizer->encode(*text, encoding);
    std::cout << to_json(*text, encoding) << '\n';
  }
  return 0;
}
