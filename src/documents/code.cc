// Source code: each function with the comment above it is a document, and so is what stands between
// functions. Its name is FILE:LINE.
#include "documents/code.h"

#include <algorithm>
#include <array>

#include "documents/format.h"

namespace podium::documents {

namespace {

enum class Cut { braces, indented, keywords };

struct Language {
  std::string_view extensions;
  Cut cut;
  BraceSyntax braces = {};
  std::string_view words = {};    // that open a function
  std::string_view comment = {};  // to the end of the line
};

constexpr BraceSyntax kC{.preprocessor = true};
constexpr BraceSyntax kScript{.quotes_are_chars = false, .templates = true, .regex = true};
constexpr BraceSyntax kJvm{.class_parameters = true};
constexpr BraceSyntax kPhp{.hash_comments = true, .quotes_are_chars = false};

constexpr auto kLanguages = std::to_array<Language>({
    {" .c .h .cc .cpp .cxx .hh .hpp .cu .m .mm ", Cut::braces, kC},
    {" .go .rs .zig ", Cut::braces, {.templates = true}},
    {" .java .kt .kts .scala .cs .swift .dart ", Cut::braces, kJvm},
    {" .js .mjs .cjs .jsx .ts .mts .cts .tsx ", Cut::braces, kScript},
    {" .php ", Cut::braces, kPhp},
    {" .py .pyi ", Cut::indented},
    {" .rb .ex .exs ", Cut::keywords, {}, " def defp defmodule class module ", "#"},
    {" .lua ", Cut::keywords, {}, " function local ", "--"},
    {" .jl .pl .pm .sh .bash ", Cut::keywords, {}, " function sub struct ", "#"},
});

const Language* language_of(std::string_view extension) {
  const auto found = std::ranges::find_if(kLanguages, [&](const Language& language) {
    return is_listed(extension, language.extensions);
  });
  return found == kLanguages.end() ? nullptr : found;
}

std::vector<std::size_t> cuts(std::string_view text, const Language& language) {
  switch (language.cut) {
    case Cut::braces: return cut_braces(text, language.braces);
    case Cut::indented: return cut_indented(text);
    case Cut::keywords: return cut_keywords(text, language.words, language.comment);
  }
  return {0};
}

// Whether a piece is only the end of what stands before it: brackets and comments behind them.
bool only_closes(std::string_view piece) {
  bool closes = true;
  for_each_line(piece, [&](std::string_view line, std::size_t) {
    const auto first = line.find_first_not_of(" \t\r})];,");
    closes = first == std::string_view::npos || (first > 0 && line.substr(first).starts_with("//"));
    return closes;
  });
  return closes;
}

}  // namespace

std::string_view code_extensions() {
  static const std::string all = [] {
    std::string joined;
    for (const Language& language : kLanguages) joined += language.extensions;
    return joined;
  }();
  return all;
}

Result<void> read_code(const Source& source, Documents& documents) {
  const Language* language = language_of(extension_of(source.name));
  if (language == nullptr) language = kLanguages.data();  // most others look like C
  std::vector<std::size_t> starts = cuts(source.text, *language);
  for (std::size_t i = starts.size(); i-- > 1;) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : source.text.size();
    if (only_closes(source.text.substr(starts[i], end - starts[i]))) {
      starts.erase(starts.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  const std::string file(source.name.substr(source.name.rfind('/') + 1));
  std::size_t line = 1;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : source.text.size();
    std::string_view piece = source.text.substr(starts[i], end - starts[i]);
    const auto first = piece.find_first_not_of(" \t\r\n\v\f");
    if (first == std::string_view::npos) continue;
    const std::size_t at = starts[i] + (first == 0 ? 0 : piece.rfind('\n', first - 1) + 1);
    line += static_cast<std::size_t>(
        std::ranges::count(source.text.substr(counted, at - counted), '\n'));
    counted = at;
    piece = source.text.substr(at, end - at);
    piece = piece.substr(0, piece.find_last_not_of(" \t\r\n\v\f") + 1);
    add_part(documents, fmt::format("{}:{}", file, line), piece);
  }
  return {};
}

}  // namespace podium::documents
