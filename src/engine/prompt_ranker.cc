#include <algorithm>

#include "engine/ranker.h"

namespace podium {

namespace {

class PromptRanker final : public Ranker {
 public:
  explicit PromptRanker(const RankRequest& request) : Ranker(request), query_(request.query) {
    ids_ = prompt().query(model().tokenizer(), request.query);
    const std::size_t room = prompt().query_room(request.max_length);
    query_cut_ = ids_.size() > room;
    if (query_cut_) ids_.resize(room);
    // Where query and document are one text, its end is cut, and a long query would leave nothing
    // of the document.
    const text::Encoding& tokens = query_tokens();
    if (ids_.empty() && !cuts() && tokens.ids.size() > room) {
      query_cut_ = true;
      query_ = query_.substr(0, tokens.offsets[room].begin);
    }
    lead_ = prompt().lead(query_);
  }

 protected:
  std::string_view lead() const override { return lead_; }

  SequenceShare share(std::size_t lead, std::size_t document) const override {
    const std::size_t taken = prompt().taken(ids_.size(), lead);
    const std::size_t room = request().max_length - std::min(request().max_length, taken);
    return {ids_.size(), std::min(document, room), query_cut_ || taken > request().max_length};
  }

  void build(const SequenceShare&, std::span<const text::TokenId> lead,
             std::span<const text::TokenId> document, text::Sequence& out) const override {
    prompt().build(ids_, lead, document, request().max_length, out);
  }

  double logit(std::span<const float> row) const override { return static_cast<double>(row[0]); }

 private:
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): made for models with a prompt alone
  const Prompt& prompt() const { return *model().prompt(); }

  std::string_view query_;
  std::vector<text::TokenId> ids_;  // of a query that is a text of its own
  std::string lead_;
  bool query_cut_ = false;
};

}  // namespace

std::unique_ptr<Ranker> make_prompt_ranker(const RankRequest& request) {
  return std::make_unique<PromptRanker>(request);
}

}  // namespace podium
