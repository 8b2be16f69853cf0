#include "engine/document_text.h"

#include "base/utf8.h"
#include "engine/inputs.h"

namespace podium {

Result<bool> DocumentSpan::next() {
  unread_ = begun_ < documents_.size();
  if (unread_) ++begun_;
  return unread_;
}

Result<std::string_view> DocumentSpan::read() {
  if (!std::exchange(unread_, false)) return std::string_view();
  return documents_[begun_ - 1];
}

Result<std::string_view> DocumentText::read() {
  for (;;) {
    if (rest_.empty()) {
      PODIUM_TRY(rest_, source_.read());
      if (rest_.empty()) return checked(begun_);
    }
    std::string_view part = rest_.substr(0, kPartBytes);
    rest_.remove_prefix(part.size());
    if (!begun_.empty()) {
      joined_ = begun_;
      joined_.append(part);
      part = joined_;
    }
    const std::size_t whole = part.size() - utf8::incomplete_tail(part);
    begun_ = part.substr(whole);
    if (whole > 0) return checked(part.substr(0, whole));
  }
}

Result<std::string_view> DocumentText::checked(std::string_view part) {
  const std::size_t before = bytes_;
  bytes_ += part.size();
  if (const auto bad = utf8::find_invalid(part)) return not_utf8(index_, before + *bad);
  return part;
}

}  // namespace podium
