// Any bytes as tokenizer.json: an error, or a tokenizer that encodes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/tokenizer.h"

using podium::SpecialTokens;
using podium::text::Encoding;
using podium::text::Sequence;
using podium::text::Tokenizer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kText =
      "  Hello w\xC3\xB6rld,\xE3\x80\x80<s>a1 \xEF\xB7\xBA\xFF e\xCC\x81";
  for (const SpecialTokens mode : {SpecialTokens::text, SpecialTokens::match}) {
    const auto tokenizer = Tokenizer::from_json(json, mode);
    if (!tokenizer) return 0;
    Encoding encoding;
    tokenizer->encode(kText, encoding);
    for (const auto id : encoding.ids) {
      if (id < 0 || static_cast<std::size_t>(id) >= tokenizer->vocab_size()) __builtin_trap();
    }
    Sequence sequence;
    tokenizer->build_pair(encoding.ids, encoding.ids, 16, sequence);
    if (sequence.ids.size() > 16) __builtin_trap();
  }
  return 0;
}
