// Which passages of a document answer the query: sentences of its best windows, each scored like a
// document.
#pragma once

#include <vector>

#include "engine/ranker.h"

namespace podium {

// Fills in RankedDocument::passages of the results that are to have some. excerpts: of every
// document, by index.
Result<void> add_passages(const RankRequest& request, std::vector<std::vector<Excerpt>> excerpts,
                          Ranking& ranking);

}  // namespace podium
