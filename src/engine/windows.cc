#include "engine/windows.h"

#include <algorithm>

namespace podium {

namespace {

std::ptrdiff_t at(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

}  // namespace

void WindowCutter::clear() {
  tokens_.clear();
  borders_.clear();
  lead_bytes_ = first_ = start_ = last_ = count_ = 0;
  done_ = cut_ = false;
}

void WindowCutter::drop_lead(std::size_t count, std::size_t lead_bytes) {
  tokens_.ids.erase(tokens_.ids.begin(), tokens_.ids.begin() + at(count));
  tokens_.offsets.erase(tokens_.offsets.begin(), tokens_.offsets.begin() + at(count));
  lead_bytes_ = lead_bytes;
}

bool WindowCutter::cut(std::size_t most) {
  if (size() <= most) return false;
  cut_ = true;
  tokens_.ids.resize(most - first_);
  tokens_.offsets.resize(most - first_);
  return true;
}

std::optional<Window> WindowCutter::next(const WindowRule& rule, bool finished) {
  if (done_) return std::nullopt;
  forget(last_);
  const std::size_t room = rule.room;
  if (start_ + room < size()) {
    const std::size_t begin = start_;
    const std::size_t end = end_of_window(room);
    done_ = ++count_ == rule.most;
    cut_ |= done_;
    last_ = start_;
    start_ = next_start(end, std::min(rule.overlap, room / 4));
    return window(begin, end);
  }
  if (!finished) return std::nullopt;
  done_ = true;
  const bool moved_back = borders_.empty() && size() > room;
  return window(moved_back ? size() - room : std::min(start_, size()), size());
}

Window WindowCutter::window(std::size_t begin, std::size_t end) const {
  if (begin == end) return {};
  const auto in_document = [&](std::size_t byte) { return byte - std::min(byte, lead_bytes_); };
  return {.ids = std::span(tokens_.ids).subspan(begin - first_, end - begin),
          .begin = in_document(tokens_.offsets[begin - first_].begin),
          .end = in_document(tokens_.offsets[end - 1 - first_].end)};
}

void WindowCutter::forget(std::size_t before) {
  if (before == first_) return;
  const std::size_t count = before - first_;
  tokens_.ids.erase(tokens_.ids.begin(), tokens_.ids.begin() + at(count));
  tokens_.offsets.erase(tokens_.offsets.begin(), tokens_.offsets.begin() + at(count));
  first_ = before;
}

// How many tokens end at a border or before it. A token may begin with the blank behind it.
std::size_t WindowCutter::tokens_before(std::size_t border) const {
  const auto behind = std::ranges::upper_bound(tokens_.offsets, border + lead_bytes_, {},
                                               [](const text::Offset& o) { return o.end; });
  return first_ + static_cast<std::size_t>(behind - tokens_.offsets.begin());
}

// At the last border in the window's second half, if there is one.
std::size_t WindowCutter::end_of_window(std::size_t room) const {
  const std::size_t end = start_ + room;
  if (borders_.empty()) return end;
  const std::size_t byte = tokens_.offsets[end - 1 - first_].end;
  const auto behind = std::ranges::upper_bound(borders_, byte - std::min(byte, lead_bytes_));
  if (behind == borders_.begin()) return end;
  const std::size_t last = tokens_before(*(behind - 1));
  return last > start_ + room / 2 ? std::min(last, end) : end;
}

// At the first border in the overlap, if there is one.
std::size_t WindowCutter::next_start(std::size_t end, std::size_t overlap) const {
  const std::size_t start = end - overlap;
  if (borders_.empty() || overlap == 0) return start;
  const std::size_t byte = tokens_.offsets[start - first_].begin;
  const auto border = std::ranges::lower_bound(borders_, byte - std::min(byte, lead_bytes_));
  if (border == borders_.end()) return start;
  const std::size_t behind = tokens_before(*border);
  return behind > end ? start : std::max(behind, start);
}

}  // namespace podium
