#include "engine/inputs.h"

#include "base/profile.h"
#include "base/utf8.h"

namespace podium {

namespace {

// Enough for a batch or so, so that the computation starts soon.
constexpr std::size_t kChunkDocuments = 64;
constexpr std::size_t kChunkBytes = 64 << 10;
constexpr std::size_t kBytesPerToken = 4;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

tl::unexpected<Error> not_utf8(std::string_view what, std::size_t byte) {
  return fail(ErrorCode::malformed, fmt::format("{} is not UTF-8 text (byte {})", what, byte + 1),
              "Convert it to UTF-8 first, for example with iconv.");
}

}  // namespace

tl::unexpected<Error> not_utf8(std::size_t document, std::size_t byte) {
  return not_utf8(fmt::format("document {}", document), byte);
}

tl::unexpected<Error> no_documents() {
  return fail(ErrorCode::invalid_argument, "there are no documents to rank",
              "Give at least one document.");
}

Result<void> check_query(std::string_view query) {
  if (is_blank(query)) {
    return fail(ErrorCode::invalid_argument, "the query is empty", "Say what to look for.");
  }
  if (const auto bad = utf8::find_invalid(query)) return not_utf8("the query", *bad);
  return {};
}

Result<void> check_documents(std::span<const std::string_view> documents) {
  if (documents.empty()) return no_documents();
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (const auto bad = utf8::find_invalid(documents[i])) return not_utf8(i, *bad);
  }
  return {};
}

std::vector<text::Sequence> single_sequences(const text::Tokenizer& tokenizer,
                                             const std::string& prefix,
                                             std::span<const std::string_view> texts,
                                             std::size_t max_length, ThreadPool& pool) {
  std::vector<text::Sequence> sequences(texts.size());
  std::vector<text::Encoding> encodings(static_cast<std::size_t>(pool.threads()));
  std::vector<std::string> prefixed(encodings.size(), prefix);
  pool.parallel_for(texts.size(), [&](std::size_t i, int worker) {
    const profile::Scope scope(profile::Stage::tokenize);
    const auto w = static_cast<std::size_t>(worker);
    prefixed[w].replace(prefix.size(), std::string::npos, texts[i]);
    tokenizer.encode(prefixed[w], encodings[w]);
    tokenizer.build_single(encodings[w].ids, max_length, sequences[i]);
  });
  return sequences;
}

std::size_t chunk_size(std::span<const std::string_view> documents) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < documents.size() && count < kChunkDocuments && bytes < kChunkBytes) {
    bytes += documents[count++].size();
  }
  return count;
}

std::size_t expected_tokens(std::span<const std::string_view> documents, std::size_t query) {
  std::size_t tokens = documents.size() * query;
  for (const std::string_view document : documents) tokens += document.size() / kBytesPerToken + 2;
  return tokens;
}

Scheduler::Terms terms_of(const RankOptions& options) {
  return {.client = options.client,
          .priority = options.priority,
          .deadline = options.deadline,
          .cancel = options.cancel};
}

}  // namespace podium
