// From logits to an ordered answer.
#pragma once

#include <vector>

#include "podium/engine.h"

namespace podium {

// 1 / (1 + exp(-logit)), in double: it does not saturate before |logit| = 36.
double sigmoid(double logit);

// Sorts by logit, best first, equal logits by index, keeps top_n (0: all) and turns the logits that
// stand in relevance_score into what `score` asks for. Sorting comes first, so that two documents
// whose sigmoid rounds to the same number keep their order.
void order_results(std::vector<RankedDocument>& results, std::size_t top_n, ScoreKind score);

}  // namespace podium
