#include "cli/passages.h"

namespace podium::cli {

void write_passages(json::Writer& writer, const documents::Documents& documents,
                    const RankedDocument& result) {
  writer.key("passages").begin_array();
  for (const Passage& passage : result.passages) {
    writer.begin_object()
        .key("start")
        .value(std::uint64_t{passage.begin})
        .key("end")
        .value(std::uint64_t{passage.end})
        .key("relevance_score")
        .value(passage.score)
        .key("text")
        .value(documents.characters(result.index, passage.begin, passage.end))
        .end_object();
  }
  writer.end_array();
}

}  // namespace podium::cli
