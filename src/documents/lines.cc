// Plain text: one document a line.
#include "documents/format.h"

namespace podium::documents {

Result<void> read_lines(const Source& source, Documents& documents) {
  for_each_line(source.text, [&](std::string_view line, std::size_t) {
    documents.written.push_back(line);
    source.strides.take(line.size());
    return true;
  });
  return {};
}

}  // namespace podium::documents
