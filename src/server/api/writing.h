// Pieces of response bodies that several APIs share.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"
#include "server/api/dialect.h"

namespace podium::server {

// The request's id in the form 8-4-4-4-12.
std::string uuid(std::string_view request_id);

double rounded(double score, int decimals);

// A document as an object: as it was sent, or {"text": …} where a string was sent.
void write_document_object(json::Writer& out, const Answer& answer, std::size_t index);

// {"index", "relevance_score"[, "document"]} for each result, best first.
void write_results(json::Writer& out, const Answer& answer, bool documents, int decimals);

// "passages", where the request asked for them: [{"start", "end", "relevance_score", "text"}], best
// first; start and end count Unicode characters (code points) of the document's text. Call it
// inside a result's object.
void write_passages(json::Writer& out, const Answer& answer, const RankedDocument& result);

// All tokens of a response's rankings.
std::size_t total_tokens(const Answer& answer);

// Cohere's unit: a query with up to 100 documents, a document counting once for each 500 tokens.
std::size_t search_units(const Answer& answer);

// Cohere's "meta" with the tokens that Xinference's readers look for as well.
void write_meta(json::Writer& out, const Answer& answer, std::string_view version, bool tokens);

// The type of OpenAI's errors, e.g. "invalid_request_error".
std::string_view openai_type(Fault fault);

// {"message", "type", "param", "code"}, the inside of OpenAI's errors; a code of 0 is null.
void write_error(json::Writer& out, const Refusal& refusal, int code);

// {"error": …} with the status as the code.
HttpResponse openai_refusal(const Refusal& refusal, int status);

// {"error": {"code", "message", "type"}}, as llama.cpp and LocalAI have it.
HttpResponse coded_refusal(const Refusal& refusal, int status, std::string_view type);

// {"detail": …} plus "message" and "error", which satisfies the readers of Jina, Cohere, Voyage and
// OpenAI at once.
HttpResponse merged_refusal(const Refusal& refusal, int status);

}  // namespace podium::server
