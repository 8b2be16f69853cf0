// Ranking by a model that reads many documents in one context (jina-reranker-v3). Here a score does
// depend on the documents beside it: that is the model's idea.
#pragma once

#include <string_view>

#include "engine/loaded_model.h"
#include "podium/engine.h"

namespace podium {

// Blocks of up to 125 documents, or as many as fit into max_length tokens, go through the model one
// after the other. The query's vectors of the blocks are averaged, each weighted by its block's
// best score, and all documents are scored against that. relevance_score is the cosine, for
// ScoreKind::relevance moved to 0..1. The caller holds the model's lock. A document is cut to 2048
// tokens; windows would be documents that compete with all others. total is for progress, 0 if
// unknown.
Result<Ranking> rank_listwise(LoadedModel& model, std::string_view query, DocumentSource& documents,
                              const RankOptions& options, std::size_t max_length,
                              std::size_t total);

// Tokens of a context without query and document.
std::size_t listwise_prompt_tokens(const text::Tokenizer& tokenizer);

}  // namespace podium
