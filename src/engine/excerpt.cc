#include "engine/excerpt.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/utf8.h"

namespace podium {

void TrailingText::clear() {
  text_.clear();
  bytes_ = characters_ = 0;
}

Excerpt TrailingText::take(std::size_t begin, std::size_t end) {
  const std::size_t gone = begin - bytes_;
  characters_ += utf8::count_characters(std::string_view(text_).substr(0, gone));
  text_.erase(0, gone);
  bytes_ = begin;
  return {.text = text_.substr(0, end - begin), .begin = characters_};
}

void keep_best(std::vector<Excerpt>& excerpts, Excerpt next, std::size_t most) {
  const auto place =
      std::ranges::upper_bound(excerpts, next.score, std::greater<>(), &Excerpt::score);
  excerpts.insert(place, std::move(next));
  if (excerpts.size() > most) excerpts.pop_back();
}

}  // namespace podium
