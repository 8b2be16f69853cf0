#include <algorithm>

#include "engine/ranker.h"

namespace podium {

namespace {

class PromptRanker final : public Ranker {
 public:
  explicit PromptRanker(const RankRequest& request) : Ranker(request) {
    std::string labelled = prompt().labelled(request.options.instruction, request.query);
    text::Encoding tokens;
    model().tokenizer().encode(labelled, tokens);
    const std::size_t room = prompt().query_room(request.max_length);
    query_cut_ = tokens.ids.size() > room && !(prompt().joins() && cuts());
    if (!prompt().joins()) {
      ids_ = std::move(tokens.ids);
      if (query_cut_) ids_.resize(room);
    } else if (query_cut_) {
      // The end of the one text is cut, and a long query would leave nothing of the document.
      labelled.resize(tokens.offsets[room].begin);
    }
    lead_ = prompt().lead(labelled);
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

  double logit(std::span<const float> row) override { return static_cast<double>(row[0]); }

 private:
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): made for models with a prompt alone
  const Prompt& prompt() const { return *model().prompt(); }

  std::vector<text::TokenId> ids_;  // of a query that is a text of its own
  std::string lead_;
  bool query_cut_ = false;
};

}  // namespace

std::unique_ptr<Ranker> make_prompt_ranker(const RankRequest& request) {
  return std::make_unique<PromptRanker>(request);
}

}  // namespace podium
