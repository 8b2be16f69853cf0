// A text on its way through the pipeline: what normalizers have made of it so far, and for every
// byte of that where it came from. Always valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace podium::text {

struct MappedText {
  std::string bytes;
  // Per byte of `bytes`: the position in the original text of the character it stands for. Bytes of
  // one character share it; it never decreases along the text.
  std::vector<std::uint32_t> origin;

  std::size_t size() const { return bytes.size(); }

  void clear() {
    bytes.clear();
    origin.clear();
  }

  void append(std::string_view text, std::uint32_t from) {
    bytes.append(text);
    origin.insert(origin.end(), text.size(), from);
  }

  // Appends [begin, end) of another text with its origins.
  void append(const MappedText& text, std::size_t begin, std::size_t end) {
    bytes.append(text.bytes, begin, end - begin);
    origin.insert(origin.end(), text.origin.begin() + static_cast<std::ptrdiff_t>(begin),
                  text.origin.begin() + static_cast<std::ptrdiff_t>(end));
  }
};

}  // namespace podium::text
