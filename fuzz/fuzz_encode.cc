// Any bytes as text, through Unigram, WordPiece and BPE tokenizers. The first two bytes choose the
// tokenizer, how special tokens are read and max_length.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "text/token_stream.h"
#include "text/tokenizer.h"

namespace {

using podium::SpecialTokens;
using podium::text::Encoding;
using podium::text::Sequence;
using podium::text::Tokenizer;

void require(bool condition) {
  if (!condition) __builtin_trap();
}

std::vector<Tokenizer> load_tokenizers() {
  std::vector<Tokenizer> out;
  for (const auto* name : {"unigram.json", "wordpiece.json", "bytes.json", "words.json"}) {
    std::ifstream in(std::string(PODIUM_SOURCE_DIR "/tests/text/data/") + name, std::ios::binary);
    const std::string json{std::istreambuf_iterator<char>(in), {}};
    for (const SpecialTokens mode : {SpecialTokens::text, SpecialTokens::match}) {
      auto tokenizer = Tokenizer::from_json(json, mode);
      require(tokenizer.has_value());
      out.push_back(*std::move(tokenizer));
    }
  }
  return out;
}

// Whether a character begins or the text ends at each byte, and behind the last one.
std::vector<bool> find_borders(std::string_view text) {
  std::vector<bool> out(text.size() + 1);
  for (std::size_t at = 0; at < text.size(); at += podium::utf8::decode(text, at).length) {
    out[at] = true;
  }
  out[text.size()] = true;
  return out;
}

void check(const Tokenizer& tokenizer, std::string_view text, std::size_t max_length) {
  Encoding encoding, again;
  tokenizer.encode(text, encoding);
  tokenizer.encode(text, again);
  require(encoding.ids == again.ids && encoding.ids.size() == encoding.offsets.size());
  const std::vector<bool> borders = find_borders(text);
  std::size_t last = 0;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto& offset = encoding.offsets[i];
    require(!tokenizer.piece(encoding.ids[i]).empty());
    require(last <= offset.begin && offset.begin <= offset.end && offset.end <= text.size());
    require(borders[offset.begin] && borders[offset.end]);
    last = offset.begin;
  }
  // Cut wherever it may be cut, the text has the same tokens.
  Encoding parts;
  podium::text::TokenStream stream(tokenizer, 1);
  stream.feed(text, parts);
  stream.finish(parts);
  require(parts.ids == encoding.ids);
  Sequence sequence;
  tokenizer.build_pair(encoding.ids, encoding.ids, max_length, sequence);
  require(max_length == 0 || sequence.ids.size() <= max_length);
  require(sequence.ids.size() == sequence.type_ids.size());
  require(sequence.ids.size() ==
          tokenizer.pair_length(encoding.ids.size(), encoding.ids.size(), max_length));
  tokenizer.build_single(encoding.ids, max_length, sequence);
  require(max_length == 0 || sequence.ids.size() <= max_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Tokenizer> tokenizers = load_tokenizers();
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  check(tokenizers[data[0] % tokenizers.size()], text, data[1]);
  return 0;
}
