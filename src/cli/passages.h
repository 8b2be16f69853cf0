// Passages of documents in output.
#pragma once

#include "base/json.h"
#include "documents/documents.h"
#include "podium/engine.h"

namespace podium::cli {

// Writes the member "passages": [{"start", "end", "relevance_score", "text"}], best first; start
// and end count Unicode characters (code points) of the document's text.
void write_passages(json::Writer& writer, const documents::Documents& documents,
                    const RankedDocument& result);

}  // namespace podium::cli
