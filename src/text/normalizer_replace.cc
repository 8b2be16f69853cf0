// "Replace", "Prepend" and "Strip": plain editing of strings.
#include <charconv>
#include <limits>
#include <utility>

#include "text/registry.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

// A pattern is a string that occurs at least `least` and at most `most` times in a row.
struct Pattern {
  std::string unit;
  std::size_t least = 1;
  std::size_t most = 1;
};

class Replace final : public Normalizer {
 public:
  Replace(Pattern pattern, std::string_view content)
      : pattern_(std::move(pattern)), content_(content) {}

  // What is new stands for the last character of what it replaces, as in Hugging Face.
  void apply(MappedText& text, MappedText& spare) const override {
    const std::string_view in = text.bytes;
    const std::string& unit = pattern_.unit;
    spare.clear();
    std::size_t copied = 0;
    for (std::size_t at = in.find(unit); at != in.npos; at = in.find(unit, at)) {
      std::size_t end = at;
      std::size_t times = 0;
      for (; times < pattern_.most && in.substr(end).starts_with(unit); ++times) end += unit.size();
      if (times >= pattern_.least) {
        spare.append(text, copied, at);
        spare.append(content_, text.origin[end - 1]);
        copied = end;
      }
      at = end;
    }
    if (copied == 0) return;
    spare.append(text, copied, in.size());
    std::swap(text, spare);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string_view content) : content_(content) {}

  // What is new stands for the first character.
  void apply(MappedText& text, MappedText& spare) const override {
    if (text.size() == 0 || content_.empty()) return;
    spare.clear();
    spare.append(content_, text.origin[0]);
    spare.append(text, 0, text.size());
    std::swap(text, spare);
  }

 private:
  std::string content_;
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(MappedText& text, MappedText& spare) const override {
    const std::string_view in = text.bytes;
    std::size_t begin = 0;
    std::size_t end = in.size();
    while (left_ && begin < end) {
      const Character c = character_at(in, begin);
      if (!is_whitespace(c.code_point)) break;
      begin += c.length;
    }
    while (right_ && begin < end) {
      std::size_t last = end - 1;
      while ((static_cast<unsigned char>(in[last]) & 0xC0) == 0x80) --last;
      if (!is_whitespace(character_at(in, last).code_point)) break;
      end = last;
    }
    if (begin == 0 && end == in.size()) return;
    spare.clear();
    spare.append(text, begin, end);
    std::swap(text, spare);
  }

 private:
  bool left_;
  bool right_;
};

// Reads the regular expressions that occur in tokenizers: plain text, or one character (or `\` and
// one) repeated `+`, `{n}`, `{n,}` or `{n,m}`. Nothing for all others.
std::optional<Pattern> read_regex(std::string_view regex) {
  constexpr std::string_view kMeta = ".^$*+?()[]{}|\\";
  const std::size_t first_meta = regex.find_first_of(kMeta);
  if (first_meta == regex.npos) return Pattern{std::string(regex)};
  std::string_view rest = regex;
  if (rest.starts_with('\\')) {
    rest.remove_prefix(1);
    if (rest.empty() || kMeta.find(rest[0]) == kMeta.npos) return std::nullopt;
  } else if (first_meta == 0) {
    return std::nullopt;
  }
  Pattern out;
  const std::size_t length = character_at(rest, 0).length;
  out.unit = rest.substr(0, length);
  rest.remove_prefix(length);
  out.most = std::numeric_limits<std::size_t>::max();
  if (rest == "+") return out;
  if (rest.size() < 3 || !rest.starts_with('{') || !rest.ends_with('}')) return std::nullopt;
  const char* const end = rest.data() + rest.size() - 1;
  auto read = std::from_chars(rest.data() + 1, end, out.least);
  if (read.ec != std::errc() || out.least == 0) return std::nullopt;
  if (read.ptr == end) {
    out.most = out.least;
    return out;
  }
  if (*read.ptr != ',') return std::nullopt;
  if (read.ptr + 1 == end) return out;
  read = std::from_chars(read.ptr + 1, end, out.most);
  if (read.ec != std::errc() || read.ptr != end || out.most < out.least) return std::nullopt;
  return out;
}

}  // namespace

Result<std::unique_ptr<Normalizer>> make_replace(const Spec& spec) {
  PODIUM_TRY(const Spec pattern, spec.object("pattern"));
  PODIUM_TRY(const std::string_view content, spec.string("content"));
  std::optional<Pattern> read;
  if (pattern.find("Regex")) {
    PODIUM_TRY(const std::string_view regex, pattern.string("Regex"));
    read = read_regex(regex);
    if (!read) {
      return spec.unsupported(
          fmt::format("has a regular expression that Podium does not know: {}", regex));
    }
  } else {
    PODIUM_TRY(const std::string_view string, pattern.string("String"));
    read = Pattern{std::string(string)};
  }
  if (read->unit.empty()) return spec.malformed("has an empty pattern");
  return std::make_unique<Replace>(*std::move(read), content);
}

Result<std::unique_ptr<Normalizer>> make_prepend(const Spec& spec) {
  PODIUM_TRY(const std::string_view content, spec.string("prepend"));
  return std::make_unique<Prepend>(content);
}

Result<std::unique_ptr<Normalizer>> make_strip(const Spec& spec) {
  PODIUM_TRY(const bool left, spec.boolean_or("strip_left", true));
  PODIUM_TRY(const bool right, spec.boolean_or("strip_right", true));
  return std::make_unique<Strip>(left, right);
}

}  // namespace podium::text
