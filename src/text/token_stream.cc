#include "text/token_stream.h"

#include <algorithm>

#include "base/utf8.h"

namespace podium::text {

namespace {

// How much of the text on either side of a cut is looked at; longer than any added token.
constexpr std::size_t kContext = 96;
constexpr std::size_t kLongestStride = 4096;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

TokenStream::TokenStream(const Tokenizer& tokenizer, std::size_t piece_bytes)
    : tokenizer_(tokenizer),
      piece_bytes_(std::min(piece_bytes, kLongestStretch)),
      cuts_(tokenizer.blank_cuts()) {
  clear();
}

void TokenStream::clear() {
  buffer_.clear();
  begin_ = 0;
  searched_ = piece_bytes_;
  stride_ = 1;
}

void TokenStream::feed(std::string_view part, Encoding& out) {
  while (!part.empty()) {
    const std::size_t taken = std::min(part.size(), std::max(piece_bytes_, kContext));
    buffer_.append(part.substr(0, taken));
    part.remove_prefix(taken);
    while (const std::size_t cut = find_cut()) emit(cut, out);
  }
}

void TokenStream::finish(Encoding& out) {
  if (!buffer_.empty()) emit(buffer_.size(), out);
}

// A place where the buffer may be cut, 0 if none is known yet.
std::size_t TokenStream::find_cut() {
  while (searched_ > 0 && cuts_ != BlankCuts::none) {
    std::size_t at = searched_;
    const auto is_cut_blank = [&](char c) {
      return cuts_ == BlankCuts::at_spaces ? c == ' ' : is_blank(c);
    };
    while (at < buffer_.size() && (!is_cut_blank(buffer_[at]) || is_blank(buffer_[at - 1]))) ++at;
    searched_ = std::max(searched_, at);
    std::size_t behind = at;
    while (behind < buffer_.size() && is_blank(buffer_[behind])) ++behind;
    if (behind + kContext > buffer_.size()) break;
    for (const std::size_t cut : {at, behind}) {
      if (behind - at < kContext / 2 && is_safe(cut)) return cut;
    }
    searched_ = behind + stride_;
    stride_ = std::min(2 * stride_, kLongestStride);
  }
  if (buffer_.size() < kLongestStretch) return 0;
  std::size_t cut = kLongestStretch;
  while (cut > kLongestStretch - 4 && inside_character(buffer_[cut - 1])) --cut;
  return static_cast<unsigned char>(buffer_[cut - 1]) < 0x80 ? cut : cut - 1;
}

// Whether the surroundings of a place have the tokens of both sides, one by one.
bool TokenStream::is_safe(std::size_t cut) {
  std::size_t begin = cut - std::min(cut, kContext);
  std::size_t end = std::min(buffer_.size(), cut + kContext);
  while (begin < cut && inside_character(buffer_[begin])) ++begin;
  while (end > cut && inside_character(buffer_[end - 1])) --end;
  if (end > cut && static_cast<unsigned char>(buffer_[end - 1]) >= 0xC0) --end;
  const std::string_view text = buffer_;
  tokenizer_.encode(text.substr(begin, end - begin), piece_);
  tokenizer_.encode(text.substr(begin, cut - begin), left_);
  tokenizer_.encode(text.substr(cut, end - cut), right_);
  return piece_.ids.size() == left_.ids.size() + right_.ids.size() &&
         std::equal(left_.ids.begin(), left_.ids.end(), piece_.ids.begin()) &&
         std::equal(right_.ids.rbegin(), right_.ids.rend(), piece_.ids.rbegin());
}

void TokenStream::emit(std::size_t end, Encoding& out) {
  tokenizer_.encode(std::string_view(buffer_).substr(0, end), piece_);
  out.ids.insert(out.ids.end(), piece_.ids.begin(), piece_.ids.end());
  for (const Offset offset : piece_.offsets) {
    out.offsets.push_back({begin_ + offset.begin, begin_ + offset.end});
  }
  buffer_.erase(0, end);
  begin_ += end;
  searched_ = piece_bytes_;
  stride_ = 1;
}

}  // namespace podium::text
