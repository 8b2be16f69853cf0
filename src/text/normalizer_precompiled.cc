// "Precompiled": sentencepiece's charsmap, applied the way Hugging Face applies it. Sentencepiece
// replaces the longest mapped string at each place; Hugging Face goes by grapheme cluster: one of
// less than 6 bytes is looked up as a whole (and then replaced as a whole, even where only a prefix
// of it is mapped), any other cluster character by character.
#include <array>
#include <utility>

#include "base/utf8.h"
#include "text/charsmap.h"
#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

constexpr std::size_t kWholeCluster = 6;  // clusters shorter than this, in bytes

class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(Charsmap charsmap) : charsmap_(std::move(charsmap)), traits_(kCachedTraits) {
    for (char32_t c = 0; c < kCachedTraits; ++c) {
      if (c < 0xD800 || c > 0xDFFF) traits_[c] = find_traits(c);
    }
  }

  std::size_t memory_bytes() const override {
    return charsmap_.memory_bytes() + traits_.capacity();
  }

  void apply(MappedText& text, MappedText& spare) const override {
    const std::string_view in = text.bytes;
    spare.clear();
    std::size_t unchanged = 0;  // [unchanged, at) goes over as it is
    for (std::size_t at = 0; at < in.size();) {
      const Character c = character_at(in, at);
      const std::uint8_t traits = traits_of(c.code_point);
      const std::size_t end = at + c.length;
      if ((traits & kOrdinary) != 0 && !cluster_goes_on(in, end)) {
        if ((traits & kMapped) != 0) {
          spare.append(text, unchanged, at);
          normalize_character(text, at, end, spare);
          unchanged = end;
        }
        at = end;
      } else {
        spare.append(text, unchanged, at);
        at = unchanged = normalize_cluster(text, at, spare);
      }
    }
    if (unchanged == 0) return;
    spare.append(text, unchanged, in.size());
    std::swap(text, spare);
  }

 private:
  enum Traits : std::uint8_t {
    kOrdinary = 1,  // an ordinary base of a cluster
    kExtends = 2,   // joins an ordinary base
    kMapped = 4,    // has a replacement of its own
  };
  static constexpr char32_t kCachedTraits = 0x10000;

  std::uint8_t find_traits(char32_t c) const {
    std::string bytes;
    utf8::append(bytes, c);
    return static_cast<std::uint8_t>((is_ordinary_base(c) ? kOrdinary : 0) |
                                     (extends_cluster(c) ? kExtends : 0) |
                                     (charsmap_.replacement(bytes) ? kMapped : 0));
  }

  std::uint8_t traits_of(char32_t c) const {
    return c < kCachedTraits ? traits_[c] : find_traits(c);
  }

  bool cluster_goes_on(std::string_view in, std::size_t end) const {
    if (end == in.size() || static_cast<unsigned char>(in[end]) < 0x80) return false;
    return (traits_of(character_at(in, end).code_point) & kExtends) != 0;
  }

  // Appends the cluster that begins at `begin`; returns its end. Looks no further back than one
  // character, so that a cluster of any length takes linear time.
  std::size_t normalize_cluster(const MappedText& text, std::size_t begin, MappedText& out) const {
    const std::string_view in = text.bytes;
    Character last = character_at(in, begin);
    std::size_t end = begin + last.length;
    std::int32_t state = 0;
    const auto grow = [&] {
      if (end == in.size()) return false;
      const Character next = character_at(in, end);
      if (breaks_between(last.code_point, next.code_point, state)) return false;
      last = next;
      end += next.length;
      return true;
    };
    while (end - begin < kWholeCluster && grow()) {
    }
    if (end - begin < kWholeCluster) {
      if (const auto whole = charsmap_.replacement(in.substr(begin, end - begin))) {
        append_replacement(text, begin, end, *whole, out);
        return end;
      }
    }
    std::size_t at = begin;
    do {
      while (at < end) {
        const std::size_t next = at + character_at(in, at).length;
        normalize_character(text, at, next, out);
        at = next;
      }
    } while (end - begin >= kWholeCluster && grow());
    return end;
  }

  void normalize_character(const MappedText& text, std::size_t begin, std::size_t end,
                           MappedText& out) const {
    const auto replacement =
        charsmap_.replacement(std::string_view(text.bytes).substr(begin, end - begin));
    if (replacement) {
      append_replacement(text, begin, end, *replacement, out);
    } else {
      out.append(text, begin, end);
    }
  }

  // The new characters stand for the old ones one by one, those left over for the last old one.
  static void append_replacement(const MappedText& text, std::size_t begin, std::size_t end,
                                 std::string_view replacement, MappedText& out) {
    for (std::size_t at = 0; at < replacement.size();) {
      const std::size_t length = character_at(replacement, at).length;
      out.append(replacement.substr(at, length), text.origin[begin]);
      at += length;
      const std::size_t next = begin + character_at(text.bytes, begin).length;
      if (next < end) begin = next;
    }
  }

  Charsmap charsmap_;
  std::vector<std::uint8_t> traits_;
};

}  // namespace

Result<std::unique_ptr<Normalizer>> make_precompiled(const Spec& spec) {
  PODIUM_TRY(const std::string_view base64, spec.string("precompiled_charsmap"));
  PODIUM_TRY(Charsmap charsmap, Charsmap::parse(base64));
  return std::make_unique<Precompiled>(std::move(charsmap));
}

}  // namespace podium::text
