#include "eval/words.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace podium::eval {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Where one offset turns capitals into small letters: all of the range, or every second one.
struct Fold {
  Range capitals;
  std::uint32_t every;
  std::int32_t offset;
};

constexpr std::array kFolds = {
    Fold{{'A', 'Z'}, 1, 32},
    Fold{{0xC0, 0xDE}, 1, 32},
    Fold{{0x100, 0x12E}, 2, 1},
    Fold{{0x130, 0x130}, 1, 'i' - 0x130},  // İ
    Fold{{0x132, 0x136}, 2, 1},
    Fold{{0x139, 0x147}, 2, 1},
    Fold{{0x14A, 0x176}, 2, 1},
    Fold{{0x178, 0x178}, 1, 0xFF - 0x178},
    Fold{{0x179, 0x17D}, 2, 1},
    Fold{{0x218, 0x21A}, 2, 1},
    Fold{{0x386, 0x386}, 1, 38},
    Fold{{0x388, 0x38A}, 1, 37},
    Fold{{0x38C, 0x38C}, 1, 64},
    Fold{{0x38E, 0x38F}, 1, 63},
    Fold{{0x391, 0x3AB}, 1, 32},
    Fold{{0x3C2, 0x3C2}, 1, 1},  // final sigma
    Fold{{0x400, 0x40F}, 1, 80},
    Fold{{0x410, 0x42F}, 1, 32},
    Fold{{0x460, 0x480}, 2, 1},
    Fold{{0x48A, 0x4BE}, 2, 1},
    Fold{{0x4C1, 0x4CD}, 2, 1},
    Fold{{0x4D0, 0x52E}, 2, 1},
    Fold{{0x531, 0x556}, 1, 48},
    Fold{{0x1E00, 0x1E94}, 2, 1},
    Fold{{0x1EA0, 0x1EFE}, 2, 1},
    Fold{{0xFF10, 0xFF19}, 1, '0' - 0xFF10},
    Fold{{0xFF21, 0xFF3A}, 1, 'a' - 0xFF21},
    Fold{{0xFF41, 0xFF5A}, 1, 'a' - 0xFF41},
};

// White space, punctuation, symbols and private use beyond ASCII.
constexpr std::array kSeparators = {
    Range{0x80, 0xA9},     Range{0xAB, 0xB4},     Range{0xB6, 0xB9},       Range{0xBB, 0xBF},
    Range{0xD7, 0xD7},     Range{0xF7, 0xF7},     Range{0x55A, 0x55F},     Range{0x589, 0x58A},
    Range{0x5BE, 0x5BE},   Range{0x5C0, 0x5C0},   Range{0x5C3, 0x5C3},     Range{0x5F3, 0x5F4},
    Range{0x600, 0x60F},   Range{0x61B, 0x61F},   Range{0x66A, 0x66D},     Range{0x6D4, 0x6D4},
    Range{0x964, 0x965},   Range{0xE3F, 0xE3F},   Range{0xE4F, 0xE4F},     Range{0xE5A, 0xE5B},
    Range{0x104A, 0x104F}, Range{0x10FB, 0x10FB}, Range{0x1360, 0x1368},   Range{0x17D4, 0x17DB},
    Range{0x2000, 0x206F}, Range{0x20A0, 0x20CF}, Range{0x2190, 0x2BFF},   Range{0x2E00, 0x2E7F},
    Range{0x3000, 0x3004}, Range{0x3008, 0x3020}, Range{0x3030, 0x3030},   Range{0x303D, 0x303F},
    Range{0x30A0, 0x30A0}, Range{0x30FB, 0x30FB}, Range{0xE000, 0xF8FF},   Range{0xFE10, 0xFE6F},
    Range{0xFEFF, 0xFEFF}, Range{0xFF01, 0xFF0F}, Range{0xFF1A, 0xFF20},   Range{0xFF3B, 0xFF40},
    Range{0xFF5B, 0xFF65}, Range{0xFFE0, 0xFFFF}, Range{0x1F000, 0x1FBFF},
};

// Scripts written without spaces between words.
constexpr std::array kUnspaced = {
    Range{0xE00, 0xEFF},   Range{0x1000, 0x109F}, Range{0x1780, 0x17FF},   Range{0x3005, 0x3007},
    Range{0x3040, 0x30FF}, Range{0x31F0, 0x31FF}, Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},
    Range{0xF900, 0xFAFF}, Range{0xFF66, 0xFF9F}, Range{0x20000, 0x3FFFF},
};

bool holds(Range range, char32_t c) { return range.first <= c && c <= range.last; }

template <std::size_t size>
bool in_any(const std::array<Range, size>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](Range range) { return holds(range, c); });
}

char32_t lower(char32_t c) {
  for (const Fold& fold : kFolds) {
    if (holds(fold.capitals, c) && (c - fold.capitals.first) % fold.every == 0 && c != 0xD7) {
      return static_cast<char32_t>(static_cast<std::int32_t>(c) + fold.offset);
    }
  }
  return c;
}

enum class Kind { separator, spaced, unspaced };

Kind kind_of(char32_t c) {
  if (c < 0x80) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return letter ? Kind::spaced : Kind::separator;
  }
  if (in_any(kSeparators, c)) return Kind::separator;
  return in_any(kUnspaced, c) ? Kind::unspaced : Kind::spaced;
}

// One run of characters of a kind; `starts` are where its characters begin.
void add_run(std::vector<std::string>& terms, Kind kind, const std::string& run,
             std::vector<std::size_t> starts) {
  if (run.empty()) return;
  if (kind == Kind::spaced || starts.size() == 1) {
    terms.push_back(run);
    return;
  }
  starts.push_back(run.size());
  for (std::size_t i = 0; i + 2 < starts.size(); ++i) {
    terms.push_back(run.substr(starts[i], starts[i + 2] - starts[i]));
  }
}

}  // namespace

std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  std::string run;
  std::vector<std::size_t> starts;
  Kind kind = Kind::separator;
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Decoded character = utf8::decode(text, at);
    at += character.length;
    const Kind next = character.valid ? kind_of(character.code_point) : Kind::separator;
    if (next != kind) {
      add_run(terms, kind, run, starts);
      run.clear();
      starts.clear();
      kind = next;
    }
    if (kind == Kind::separator) continue;
    starts.push_back(run.size());
    utf8::append(run, lower(character.code_point));
  }
  add_run(terms, kind, run, starts);
  return terms;
}

}  // namespace podium::eval
