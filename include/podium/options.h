// Plain option structs with defaults that just work; aggregate-initialise what you want to change.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace podium {

// How special tokens written in a user's text ("</s>", "<mask>") are read.
enum class SpecialTokens {
  text,   // as ordinary text, so a document cannot inject control tokens
  match,  // as control tokens, as Hugging Face tokenizers does; for parity runs
};

// What relevance_score holds.
enum class ScoreKind {
  relevance,  // sigmoid of the logit: 0..1; of a listwise model (1 + cosine) / 2
  logit,      // the raw output of the model's head; of a listwise model the cosine
};

// What the matrix products run in.
enum class Precision {
  automatic,  // the fastest that ranks a built-in set of pairs as fp32 does
              // (ModelInfo::certificate)
  fp32,
  bf16,  // weights in bf16, half the memory of fp32; activations too where the CPU has AVX512_BF16,
         // elsewhere the arithmetic is fp32
  int8,  // weights and activations in bytes, summed exactly; needs AVX2
};

// How the scores of a long document's windows become the document's.
enum class Aggregation {
  max,    // its best window
  mean,   // the mean logit of its best windows, RankOptions::mean_of of them
  first,  // its first window: the rest is cut, as a cross-encoder without windows does
};

// Where a window may end.
enum class WindowEnd {
  anywhere,  // after any token: all windows but the last are equally long
  line,      // at a line end, where one stands in the second half of the window
  sentence,  // at a sentence or line end there
};

// How deep a model with several depths reads (ModelInfo::has_depths).
enum class Effort {
  automatic,  // with top_n all documents a little, and further only those that may still reach the
              // top; else full
  tiny,
  turbo,
  full,
};

struct EngineOptions {
  // A Hugging Face style model directory; empty means the model built into Podium.
  std::string model;
  // Compute threads; 0 means as many as this process may use (affinity and cgroup limits
  // respected).
  int threads = 0;
  // Tokens encoded together; bounds the activation memory. 0 means the default (4096). Raised to
  // the model's longest sequence where that is longer.
  std::size_t batch_tokens = 0;
  // How many tokens may wait in all requests together (text that is not tokenized yet counts as a
  // token every 4 bytes) before a further request is refused as overloaded. A request alone is
  // never refused. 0 means no limit.
  std::size_t max_waiting_tokens = 0;
  // What a model with several depths may keep of documents, so that one it has seen costs next to
  // nothing: about 400 bytes a token, the least recently used are forgotten. 0: nothing is kept.
  std::size_t document_cache_bytes = std::size_t{32} << 20U;
  SpecialTokens special_tokens = SpecialTokens::text;
  Precision precision = Precision::automatic;
};

struct RankOptions {
  // How many results to return, best first; 0 means all.
  std::size_t top_n = 0;
  ScoreKind score = ScoreKind::relevance;
  // Longest sequence (query, document and special tokens) in tokens; 0 means the model's own limit,
  // which is also the upper bound. A document that does not fit beside the query is read in windows
  // of that length, as jina-reranker-v2 does: the last one ends where the document ends. Of a query
  // longer than half of it, half is kept. A listwise model has no windows: it cuts each document to
  // the 2048 tokens that its authors chose.
  std::size_t max_length = 0;
  // Tokens that neighbouring windows share, at most a quarter of a window's part of the document.
  std::size_t overlap = 80;
  Aggregation aggregation = Aggregation::max;
  std::size_t mean_of = 3;
  WindowEnd window_end = WindowEnd::anywhere;
  // Windows read of a document at most, and its tokens; 0 means all. What is left out marks the
  // document `truncated`.
  std::size_t max_windows = 0;
  std::size_t max_document_tokens = 0;
  // How many of its best passages come with a document: sentences of its best windows, which are
  // scored one by one after the documents. 0: none are looked for. Not for listwise models.
  std::size_t passages = 0;
  // Only that many documents, the best ones, have theirs looked for; 0 means all results.
  std::size_t passage_documents = 0;
  // Errors: unsupported for tiny and turbo, where the model has one depth alone.
  Effort effort = Effort::automatic;
  // How many of the best automatic effort reads in full; 0 means top_n. Results below them may be
  // settled early (RankedDocument::depth).
  std::size_t exact_top = 0;
  // What makes a document relevant, in a sentence; empty is the model's own. Errors: unsupported
  // for models that take none (Qwen3-Reranker and mxbai-rerank-v2 do).
  std::string instruction;
  // Called from the ranking thread after each batch with the documents scored so far and in all (0:
  // not known).
  std::function<void(std::size_t done, std::size_t total)> progress;

  // Requests that run at once share the compute threads: fairly between the values of `client`,
  // token for token; within one client the lower `priority` goes first, then the earlier call.
  std::uint64_t client = 0;
  int priority = 0;
  // Documents seen before are known again (EngineOptions::document_cache_bytes) to calls with the
  // same value. It never changes a score, but how soon an answer comes tells what was seen.
  std::uint64_t document_scope = 0;
  // When the answer is of no use any more: the call returns deadline_exceeded, and what was not
  // computed by then never is.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // For a caller that may hang up: the call returns cancelled, work that waits is dropped.
  std::stop_token cancel;
};

}  // namespace podium
