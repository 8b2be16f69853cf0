#include "text/normal_forms.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "text/unicode.h"

namespace podium::text {

namespace {

// A character on its way. change: how many characters it adds to the text (1: a further part of a
// decomposed one) or, negative, how many more than one it replaces.
struct Item {
  char32_t c;
  int change;
  std::uint8_t combining_class;
  std::uint32_t order;  // among the marks of a base
};

// Gives out origins in the order in which characters arrive.
class Output {
 public:
  Output(const MappedText& in, MappedText& out) : in_(in), out_(out) {}

  void put(const Item& item) {
    std::string& bytes = out_.bytes;
    const std::size_t before = bytes.size();
    const std::uint32_t origin = in_.origin[item.change > 0 ? at_ - 1 : at_];
    utf8::append(bytes, item.c);
    out_.origin.resize(bytes.size(), origin);
    if (bytes.size() > out_.limit) {
      bytes.resize(before);
      out_.origin.resize(before);
    }
    for (int i = item.change; i <= 0; ++i) at_ += character_at(in_.bytes, at_).length;
  }

 private:
  const MappedText& in_;
  MappedText& out_;
  std::size_t at_ = 0;  // the first character of the input without an heir
};

// Puts canonically ordered items together again. The last starter and the marks that did not join
// it wait in `items`, which is scratch memory.
class Composer {
 public:
  Composer(Output& out, std::vector<Item>& items) : out_(out), items_(items) { items_.clear(); }

  void put(const Item& item) {
    if (items_.empty()) {
      if (item.combining_class != 0) return out_.put(item);
      return items_.push_back(item);
    }
    // A mark is cut off from the starter by one of its own class, anything by a starter.
    const bool blocked = items_.size() > 1 && items_.back().combining_class >= item.combining_class;
    if (!blocked) {
      if (const auto composed = compose(items_[0].c, item.c)) {
        items_[0].c = *composed;
        items_[0].change += item.change - 1;
        return;
      }
    }
    if (item.combining_class == 0) flush();
    items_.push_back(item);
  }

  void flush() {
    for (const Item& item : items_) out_.put(item);
    items_.clear();
  }

 private:
  Output& out_;
  std::vector<Item>& items_;
};

// Decomposes the input and hands it on in canonical order.
template <class Sink>
void decompose_into(const MappedText& in, bool compatibility, std::vector<Item>& marks,
                    Sink& sink) {
  marks.clear();
  const auto by_class = [](const Item& a, const Item& b) {
    return a.combining_class != b.combining_class ? a.combining_class < b.combining_class
                                                  : a.order < b.order;
  };
  const auto flush = [&] {
    std::sort(marks.begin(), marks.end(), by_class);
    for (const Item& mark : marks) sink.put(mark);
    marks.clear();
  };
  std::array<char32_t, kLongestDecomposition> parts;
  for (std::size_t at = 0; at < in.size();) {
    const Character c = character_at(in.bytes, at);
    at += c.length;
    std::size_t count = 1;
    parts[0] = c.code_point;
    if (c.code_point >= 0x80) count = decompose(c.code_point, compatibility, parts);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t combining = parts[i] < 0x80 ? 0 : combining_class(parts[i]);
      const Item item = {parts[i], i == 0 ? 0 : 1, combining,
                         static_cast<std::uint32_t>(marks.size())};
      if (combining != 0) {
        marks.push_back(item);
      } else {
        if (!marks.empty()) flush();
        sink.put(item);
      }
    }
  }
  flush();
}

}  // namespace

void normalize(NormalForm form, MappedText& text, MappedText& spare) {
  thread_local std::vector<Item> marks, waiting;
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.bytes.begin(), text.bytes.end(), is_ascii)) return;
  const bool compatibility = form == NormalForm::nfkc || form == NormalForm::nfkd;
  spare.clear();
  Output output(text, spare);
  if (form == NormalForm::nfd || form == NormalForm::nfkd) {
    decompose_into(text, compatibility, marks, output);
  } else {
    Composer composer(output, waiting);
    decompose_into(text, compatibility, marks, composer);
    composer.flush();
  }
  std::swap(text, spare);
  if (text.size() > kKeptScratch) {
    marks = {};
    waiting = {};
  }
}

void lowercase(MappedText& text, MappedText& spare) {
  rewrite_characters(text, spare, [](char32_t c, std::string& replacement) {
    if (c < 0x80) {
      if (c < 'A' || c > 'Z') return false;
      replacement = static_cast<char>(c + ('a' - 'A'));
      return true;
    }
    const char32_t lower = to_lower(c);
    if (lower == c) return false;
    utf8::append(replacement, lower);
    if (c == 0x130) utf8::append(replacement, 0x307);  // the one that becomes two
    return true;
  });
}

}  // namespace podium::text
