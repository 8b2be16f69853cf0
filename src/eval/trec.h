// The text formats of trec_eval, which ir-measures and pytrec_eval read.
#pragma once

#include <string>
#include <string_view>

#include "eval/evaluate.h"

namespace podium::eval {

// An id as these files can hold it: %, white space and control bytes as %XX.
std::string trec_id(std::string_view id);

// "QUERY Q0 DOCUMENT RANK SCORE TAG" a line. Scores are 32-bit floats written so that they read
// back equal, so any tool that sorts as trec_eval does finds the order that was measured.
std::string run_text(const Dataset& set, const Evaluation& evaluation, std::string_view tag);

// "QUERY 0 DOCUMENT GRADE" a line: all judgments of the queries that were measured, and of no
// others, since a query that a run lacks counts as 0.
std::string qrels_text(const Dataset& set);

}  // namespace podium::eval
