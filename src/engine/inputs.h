// From texts to sequences: validation, tokenizing, the model's template around it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "engine/scheduler.h"
#include "text/tokenizer.h"

namespace podium {

// Refuses a blank query and one that is not UTF-8.
Result<void> check_query(std::string_view query);

// Refuses an empty list of documents and text that is not UTF-8, naming the document.
Result<void> check_documents(std::span<const std::string_view> documents);

// The errors of both, for documents that are not in a list.
tl::unexpected<Error> no_documents();
tl::unexpected<Error> not_utf8(std::size_t document, std::size_t byte);

// One text with its prefix, as a bi-encoder reads it: [specials] prefix + text [specials].
std::vector<text::Sequence> single_sequences(const text::Tokenizer& tokenizer,
                                             const std::string& prefix,
                                             std::span<const std::string_view> texts,
                                             std::size_t max_length, ThreadPool& pool);

// The first of the chunks that a long list is worked through in, so that what is held at once does
// not grow with the list: how many of `documents` it takes (at least 1).
std::size_t chunk_size(std::span<const std::string_view> documents);

// About how many tokens the documents will be, each beside `query` more.
std::size_t expected_tokens(std::span<const std::string_view> documents, std::size_t query);

// A request's place in the queue, by its options.
Scheduler::Terms terms_of(const RankOptions& options);

}  // namespace podium
