// "Metaspace": spaces become a visible mark (▁), one is put in front, and every mark starts a
// piece.
#include <utility>

#include "base/utf8.h"
#include "text/registry.h"

namespace podium::text {

namespace {

enum class Prepend { always, first, never };

// "first" asks whether the piece begins the original text. (Hugging Face also says yes where the
// charsmap deleted what was there before; Podium does not.)
class Metaspace final : public PreTokenizer {
 public:
  Metaspace(std::string_view mark, Prepend prepend, bool split)
      : mark_(mark), prepend_(prepend), split_(split) {}

  void apply(Pieces& pieces, Pieces& spare) const override {
    spare.text.clear();
    spare.spans.clear();
    for (const Piece piece : pieces.spans) append(pieces.text, piece, spare);
    std::swap(pieces, spare);
  }

  BlankCuts blank_cuts() const override { return split_ ? BlankCuts::at_spaces : BlankCuts::none; }

 private:
  void append(const MappedText& text, Piece piece, Pieces& out) const {
    const std::string_view in = std::string_view(text.bytes).substr(0, piece.end);
    std::size_t begin = out.text.size();
    const auto end_piece = [&] {
      if (out.text.size() == begin) return;
      out.spans.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(out.text.size())});
      begin = out.text.size();
    };
    const std::uint32_t first = text.origin[piece.begin];
    const bool marked = in[piece.begin] == ' ' || in.substr(piece.begin).starts_with(mark_);
    if (!marked && (prepend_ == Prepend::always || (prepend_ == Prepend::first && first == 0))) {
      out.text.append(mark_, first);
    }
    std::size_t copied = piece.begin;
    for (std::size_t at = piece.begin; at < in.size(); ++at) {
      const bool space = in[at] == ' ';
      if (!space && !(in[at] == mark_[0] && in.substr(at).starts_with(mark_))) continue;
      out.text.append(text, copied, at);
      if (split_) end_piece();
      copied = at;
      if (space) {
        out.text.append(mark_, text.origin[at]);
        copied = at + 1;
      }
    }
    out.text.append(text, copied, in.size());
    end_piece();
  }

  std::string mark_;
  Prepend prepend_;
  bool split_;
};

Result<Prepend> read_prepend(const Spec& spec) {
  PODIUM_TRY(const std::string_view scheme, spec.string_or("prepend_scheme", "always"));
  // The older spelling, which wins where it says no.
  PODIUM_TRY(const bool add_prefix_space, spec.boolean_or("add_prefix_space", true));
  if (!add_prefix_space || scheme == "never") return Prepend::never;
  if (scheme == "always") return Prepend::always;
  if (scheme == "first") return Prepend::first;
  return spec.malformed(fmt::format("has the unknown prepend_scheme \"{}\"", scheme));
}

}  // namespace

Result<std::unique_ptr<PreTokenizer>> make_metaspace(const Spec& spec) {
  PODIUM_TRY(const std::string_view mark, spec.string("replacement"));
  PODIUM_TRY(const Prepend prepend, read_prepend(spec));
  PODIUM_TRY(const bool split, spec.boolean_or("split", true));
  if (utf8::count_characters(mark) != 1) {
    return spec.malformed("needs exactly one character as \"replacement\"");
  }
  return std::make_unique<Metaspace>(mark, prepend, split);
}

}  // namespace podium::text
