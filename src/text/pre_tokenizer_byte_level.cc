// "ByteLevel" (Radford et al. 2019, GPT-2): every byte becomes one visible character, so that a
// vocabulary of 256 characters spells any text.
#include <array>
#include <utility>

#include "base/utf8.h"
#include "text/patterns.h"
#include "text/registry.h"

namespace podium::text {

namespace {

// Printable bytes of Latin-1 stand for themselves, the others for U+0100 and up in their order.
std::array<std::string, 256> byte_characters() {
  std::array<std::string, 256> out;
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    utf8::append(out[byte], printable ? byte : next++);
  }
  return out;
}

class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool split)
      : characters_(byte_characters()), add_prefix_space_(add_prefix_space), split_(split) {}

  void apply(Pieces& pieces, Pieces& spare) const override {
    if (add_prefix_space_) {
      spare.text.clear();
      spare.spans.clear();
      for (const Piece piece : pieces.spans) {
        if (pieces.text.bytes[piece.begin] != ' ') {
          spare.text.append(" ", pieces.text.origin[piece.begin]);
          append(spare, spare.text.size() - 1, pieces.text, piece);
        } else {
          append(spare, spare.text.size(), pieces.text, piece);
        }
      }
      std::swap(pieces, spare);
    }
    if (split_) split_gpt2(pieces, spare);
    spare.text.clear();
    spare.spans.clear();
    for (const Piece piece : pieces.spans) spell(pieces.text, piece, spare);
    std::swap(pieces, spare);
  }

  BlankCuts blank_cuts() const override {
    return split_ ? BlankCuts::at_whitespace : BlankCuts::none;
  }

 private:
  static void append(Pieces& out, std::size_t begin, const MappedText& text, Piece piece) {
    out.text.append(text, piece.begin, piece.end);
    out.spans.push_back(
        {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(out.text.size())});
  }

  void spell(const MappedText& text, Piece piece, Pieces& out) const {
    const auto begin = static_cast<std::uint32_t>(out.text.size());
    for (std::uint32_t at = piece.begin; at < piece.end; ++at) {
      out.text.append(characters_[static_cast<unsigned char>(text.bytes[at])], text.origin[at]);
    }
    const auto end = static_cast<std::uint32_t>(out.text.size());
    if (begin < end) out.spans.push_back({begin, end});
  }

  std::array<std::string, 256> characters_;
  bool add_prefix_space_;
  bool split_;
};

}  // namespace

Result<std::unique_ptr<PreTokenizer>> make_byte_level(const Spec& spec) {
  PODIUM_TRY(const bool add_prefix_space, spec.boolean_or("add_prefix_space", true));
  PODIUM_TRY(const bool split, spec.boolean_or("use_regex", true));
  return std::make_unique<ByteLevel>(add_prefix_space, split);
}

}  // namespace podium::text
