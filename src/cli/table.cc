#include "cli/table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "cli/text_width.h"

namespace podium::cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 10;  // what the last column keeps in any terminal
constexpr std::size_t kNoLimit = 1 << 20;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Terminal standard_output() {
  Terminal terminal;
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  terminal.colour = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  winsize size{};
  if (is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  }
  const std::string_view columns = environment("COLUMNS");
  std::size_t wanted = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), wanted);
  if (wanted > 0) terminal.width = wanted;
  return terminal;
}

std::string styled(const Terminal& terminal, std::string_view style, std::string_view text) {
  if (!terminal.colour || style.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", style, text);
}

void Table::add_row(std::vector<std::string> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = fit(cells[i], columns_[i].widest == 0 ? kNoLimit : columns_[i].widest);
  }
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t limit) const {
  std::vector<std::size_t> widths;
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
    used += width + kGap;
  }
  if (limit == 0) limit = kNoLimit;
  widths.push_back(limit > used + kNarrowest ? limit - used : kNarrowest);
  return widths;
}

std::string Table::render(const Terminal& terminal) const {
  const auto width = widths(terminal.width);
  std::string out;
  const auto add_line = [&](auto&& cell, auto&& style) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool last = i + 1 == columns_.size();
      const std::string text = fit(cell(i), width[i]);
      const std::string padding(last ? 0 : width[i] - display_width(text), ' ');
      if (columns_[i].right) out += padding;
      out += styled(terminal, style(i), text);
      if (!columns_[i].right) out += padding;
      out.append(last ? 0 : kGap, ' ');
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  if (std::ranges::any_of(columns_, [](const Column& c) { return !c.title.empty(); })) {
    add_line([&](std::size_t i) { return columns_[i].title; },
             [](std::size_t) { return std::string_view("2"); });
  }
  for (const auto& row : rows_) {
    add_line([&](std::size_t i) { return std::string_view(row[i]); },
             [&](std::size_t i) { return columns_[i].style; });
  }
  return out;
}

}  // namespace podium::cli
