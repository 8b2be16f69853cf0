// Ranking by a model that reads many documents in one context (jina-reranker-v3). Here a score does
// depend on the documents beside it: that is the model's idea.
#pragma once

#include <span>
#include <string_view>

#include "engine/loaded_model.h"
#include "podium/engine.h"

namespace podium {

// Blocks of up to 125 documents, or as many as fit into max_length tokens, go through the model one
// after the other. The query's vectors of the blocks are averaged, each weighted by its block's
// best score, and all documents are scored against that. relevance_score is the cosine, for
// ScoreKind::relevance moved to 0..1. The caller holds the model's lock.
Ranking rank_listwise(LoadedModel& model, std::string_view query,
                      std::span<const std::string_view> documents, const RankOptions& options,
                      std::size_t max_length);

// Tokens of a context without query and document.
std::size_t listwise_prompt_tokens(const text::Tokenizer& tokenizer);

}  // namespace podium
