// Pre-tokenizers that cut at characters of a class and leave the text as it is.
#include <utility>

#include "base/utf8.h"
#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

// Cuts out whitespace.
class WhitespaceSplit final : public PreTokenizer {
 public:
  void apply(Pieces& pieces, Pieces& spare) const override {
    const std::string_view text = pieces.text.bytes;
    spare.spans.clear();
    for (const Piece piece : pieces.spans) {
      std::uint32_t begin = piece.begin;
      for (std::uint32_t at = piece.begin; at < piece.end;) {
        const utf8::Decoded c = utf8::decode(text, at);
        if (is_whitespace(c.code_point)) {
          if (begin < at) spare.spans.push_back({begin, at});
          begin = at + c.length;
        }
        at += c.length;
      }
      if (begin < piece.end) spare.spans.push_back({begin, piece.end});
    }
    std::swap(pieces.spans, spare.spans);
  }
};

}  // namespace

Result<std::unique_ptr<PreTokenizer>> make_whitespace_split(const Spec&) {
  return std::make_unique<WhitespaceSplit>();
}

}  // namespace podium::text
