#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "documents/documents.h"

namespace podium::documents {

// What a reader gives the engine in parts, put together again.
inline std::vector<std::string> read_all(const Documents& documents) {
  DocumentReader reader(documents);
  std::vector<std::string> out;
  while (*reader.next()) {
    std::string& text = out.emplace_back();
    for (std::string_view part = *reader.read(); !part.empty(); part = *reader.read()) text += part;
  }
  return out;
}

}  // namespace podium::documents
