#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "cli/facts.h"

namespace podium::cli {

Progress::Progress(std::string label, Unit unit)
    : label_(std::move(label)), unit_(unit), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::update(std::size_t done, std::size_t total) {
  constexpr std::size_t kCells = 24;
  const auto now = Clock::now();
  if (!is_terminal_ || total == 0 || now < next_) return;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const auto filled = static_cast<std::size_t>(share * kCells);
  std::string bar;
  for (std::size_t i = 0; i < kCells; ++i) bar += i < filled ? "█" : "░";
  std::string left;
  if (share > 0) left = fmt::format(", {:.0f} s left", elapsed / share - elapsed);
  const std::string amount = unit_ == Unit::documents
                                 ? fmt::format("{} of {} documents", done, total)
                                 : fmt::format("{} of {}", bytes_text(done), bytes_text(total));
  fmt::print(stderr, "\r{} {} {:3.0f} %, {}{}\x1b[K", label_, bar, 100 * share, amount, left);
  std::fflush(stderr);
  drawn_ = true;
  next_ = now + std::chrono::milliseconds(100);
}

}  // namespace podium::cli
