// Reading the members of a request body. Null counts as absent, unknown members are ignored, and
// the first thing that is wrong is kept for the answer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/dialect.h"

namespace podium::server {

// The documents of a request: what is scored, and what is echoed.
struct Documents {
  std::vector<std::string> texts;
  std::vector<std::string> originals;  // as written where an object was sent, else empty
};

struct DocumentRules {
  std::string_view key = "documents";
  bool objects = true;  // else strings alone
  bool strings = true;  // else objects alone
  // The members of an object that are scored, in this order; none of them: what `missing` says.
  std::vector<std::string> fields = {"text"};
  enum class Missing { refuse, render_all } missing = Missing::refuse;
};

// What most dialects remember for their answer.
struct RerankState : CallState {
  bool return_documents = false;
  std::vector<std::string> originals;  // see Documents
  std::int64_t asked_top = 0;          // the limit as sent, for APIs that echo it
  int shape = 0;                       // a dialect's own choice among its response shapes
};

const RerankState& rerank_state(const Answer& answer);

class Reader {
 public:
  // A body that is no object is the first fault.
  Reader(const HttpRequest& request, const json::Value& body);

  bool has(std::string_view key) const { return find(key).has_value(); }
  std::optional<json::Value> find(std::string_view key) const;

  std::string text(std::string_view key);           // "" if absent
  std::string required_text(std::string_view key);  // not blank
  std::optional<bool> flag(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least,
                                      std::int64_t most = INT64_MAX);
  std::optional<double> number(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // an array of strings; none if absent

  Documents documents(const DocumentRules& rules);

  // "query": a string, or an object with "text" (or "content" parts).
  std::string query(std::string_view key = "query");

  // Limits the results: `key` of at least 1, or absent for all.
  std::size_t top(std::string_view key);

  // The members of Podium's own that every dialect takes: threshold, effort, return_passages,
  // timeout_ms, instruction; window, overlap, aggregation, mean_of, window_end, max_windows.
  void extensions(Call& call);
  void windows(RankOptions& options);

  // One of a few words, in lower case; nothing if absent.
  template <class T>
  void word(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words,
            T& target);

  // "truncate" and "truncation": false forbids cutting.
  bool may_cut();

  void fail(Fault fault, std::string message, std::string hint = {}, std::string_view field = {});
  bool failed() const { return failed_; }

  // One job made of these, or the first fault.
  Parsed<Call> finish(Call call);

 private:
  void add_document(const DocumentRules& rules, const json::Value& element,
                    std::optional<std::string_view> source, Documents& documents);

  const HttpRequest& request_;
  const json::Value& body_;
  bool failed_ = false;
  BadRequest bad_;  // the first fault, if it failed
};

// A call of one job.
Call single_call(std::string model, Job job, std::unique_ptr<RerankState> state);

// The text of a document or query given as an object: "text", or the "text" parts of "content".
std::optional<std::string> text_of_object(const json::Value& object);

}  // namespace podium::server
