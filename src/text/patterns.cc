#include "text/patterns.h"

#include <array>
#include <utility>

#include "text/unicode.h"

namespace podium::text {

namespace {

constexpr WordPattern kGpt2 = {false, false, 0, false};

struct Known {
  std::string_view regex;
  WordPattern pattern;
};
constexpr auto kKnown = std::to_array<Known>({
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", kGpt2},
    // Qwen2 and Qwen3
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {true, true, 1, true}},
    // Llama 3
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {true, true, 3, true}},
});

enum class Class { letter, number, space, line_end, other };

Class class_of(char32_t c) {
  if (c < 0x80) {
    if ((c | 32) >= 'a' && (c | 32) <= 'z') return Class::letter;
    if (c >= '0' && c <= '9') return Class::number;
    if (c == '\r' || c == '\n') return Class::line_end;
    return c == ' ' || (c >= 9 && c <= 13) ? Class::space : Class::other;
  }
  if (is_letter(c)) return Class::letter;
  if (is_number(c)) return Class::number;
  return is_whitespace(c) ? Class::space : Class::other;
}

bool is_space(Class c) { return c == Class::space || c == Class::line_end; }

// One piece of text, read match by match: the alternatives of the regular expressions in order.
class Scanner {
 public:
  Scanner(const WordPattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  // The end of the match that begins at `at`.
  std::size_t next(std::size_t at) const {
    if (const std::size_t end = contraction(at); end > at) return end;
    const Character first = character_at(text_, at);
    const Class kind = class_of(first.code_point);
    if (kind == Class::letter) return run(at, Class::letter);
    if (kind == Class::number) return number(at);
    const std::size_t behind = at + first.length;
    if (behind < text_.size()) {
      const Class following = class_of(character_at(text_, behind).code_point);
      const bool space = first.code_point == ' ';
      const bool joins = pattern_.any_prefix ? kind != Class::line_end : space;
      if (joins && following == Class::letter) return run(behind, Class::letter);
      if (space && pattern_.digits == 0 && following == Class::number) {
        return run(behind, Class::number);
      }
      if (space && following == Class::other) return punctuation(behind);
    }
    return kind == Class::other ? punctuation(at) : spaces(at);
  }

 private:
  std::size_t run(std::size_t at, Class kind) const {
    while (at < text_.size()) {
      const Character c = character_at(text_, at);
      if (class_of(c.code_point) != kind) break;
      at += c.length;
    }
    return at;
  }

  std::size_t number(std::size_t at) const {
    if (pattern_.digits == 0) return run(at, Class::number);
    for (int i = 0; i < pattern_.digits && at < text_.size(); ++i) {
      const Character c = character_at(text_, at);
      if (class_of(c.code_point) != Class::number) break;
      at += c.length;
    }
    return at;
  }

  std::size_t punctuation(std::size_t at) const {
    at = run(at, Class::other);
    return pattern_.newlines ? run(at, Class::line_end) : at;
  }

  // \s*[\r\n]+ | \s+(?!\S) | \s+: up to the last line end; else all but the last space before a
  // word, which goes with the word or stands alone.
  std::size_t spaces(std::size_t begin) const {
    std::size_t at = begin;
    std::size_t last = begin;      // where the last space begins
    std::size_t line_end = begin;  // behind the last line end
    while (at < text_.size()) {
      const Character c = character_at(text_, at);
      const Class kind = class_of(c.code_point);
      if (!is_space(kind)) break;
      last = at;
      at += c.length;
      if (kind == Class::line_end) line_end = at;
    }
    if (pattern_.newlines && line_end > begin) return line_end;
    return at == text_.size() || last == begin ? at : last;
  }

  // 's 't 're 've 'm 'll 'd
  std::size_t contraction(std::size_t at) const {
    if (text_[at] != '\'') return at;
    const char first = letter(at + 1);
    // What ignores case in Unicode takes the long s for an s.
    if (pattern_.any_case && text_.substr(at + 1).starts_with("\u017F")) return at + 3;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    const char second = letter(at + 2);
    const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                     (first == 'l' && second == 'l');
    return two ? at + 3 : at;
  }

  char letter(std::size_t at) const {
    if (at >= text_.size()) return 0;
    const char c = text_[at];
    return pattern_.any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }

  const WordPattern& pattern_;
  std::string_view text_;
};

}  // namespace

std::optional<WordPattern> find_word_pattern(std::string_view regex) {
  for (const Known& known : kKnown) {
    if (known.regex == regex) return known.pattern;
  }
  return std::nullopt;
}

void split_words(const WordPattern& pattern, Pieces& pieces, Pieces& spare) {
  spare.spans.clear();
  for (const Piece piece : pieces.spans) {
    const Scanner scanner(pattern, std::string_view(pieces.text.bytes).substr(0, piece.end));
    for (std::uint32_t at = piece.begin; at < piece.end;) {
      const auto end = static_cast<std::uint32_t>(scanner.next(at));
      spare.spans.push_back({at, end});
      at = end;
    }
  }
  std::swap(pieces.spans, spare.spans);
}

void split_gpt2(Pieces& pieces, Pieces& spare) { split_words(kGpt2, pieces, spare); }

}  // namespace podium::text
