#include "engine/prompt.h"

#include <algorithm>

namespace podium {

namespace {

// Qwen's control words; they are tokens wherever they stand in a prompt.
constexpr std::string_view kControls[] = {"<|im_start|>", "<|im_end|>", "<think>", "</think>"};

Result<std::vector<text::TokenId>> encode_prompt(const text::Tokenizer& tokenizer,
                                                 std::string_view prompt) {
  std::vector<text::TokenId> ids;
  text::Encoding encoding;
  const auto encode = [&](std::string_view text) {
    tokenizer.encode(text, encoding);
    ids.insert(ids.end(), encoding.ids.begin(), encoding.ids.end());
  };
  while (!prompt.empty()) {
    std::size_t next = prompt.npos;
    std::string_view control;
    for (const std::string_view candidate : kControls) {
      if (const std::size_t at = prompt.find(candidate); at < next) {
        next = at;
        control = candidate;
      }
    }
    if (next > 0) encode(prompt.substr(0, next));
    if (next == prompt.npos) break;
    const text::TokenId id = tokenizer.id_of(control);
    if (id < 0) {
      return fail(
          ErrorCode::malformed,
          fmt::format("tokenizer.json has no token \"{}\", which the prompt needs", control),
          "The tokenizer belongs to another model.");
    }
    ids.push_back(id);
    prompt.remove_prefix(next + control.size());
  }
  return ids;
}

constexpr std::string_view kQwen3Head =
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and "
    "the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n"
    "<|im_start|>user\n";
constexpr std::string_view kQwen3Tail =
    "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
constexpr std::string_view kQwen3Instruction =
    "Given a web search query, retrieve relevant passages that answer the query";

constexpr std::string_view kMxbaiHead =
    "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    "<|im_end|>\n<|im_start|>user\n";
constexpr std::string_view kMxbaiTask =
    "You are a search relevance expert who evaluates how well documents match search queries. For "
    "each query-document pair, carefully analyze the semantic relationship between them, then "
    "provide your binary relevance judgment (0 for not relevant, 1 for relevant).\nRelevance:";
constexpr std::string_view kMxbaiTail = "<|im_end|>\n<|im_start|>assistant\n";

}  // namespace

Result<std::optional<Prompt>> Prompt::make(std::string_view architecture,
                                           const text::Tokenizer& tokenizer) {
  Prompt prompt;
  if (architecture == "qwen3-reranker") {
    prompt.document_label_ = "\n<Document>: ";
    PODIUM_TRY(prompt.head_, encode_prompt(tokenizer, kQwen3Head));
    PODIUM_TRY(prompt.tail_, encode_prompt(tokenizer, kQwen3Tail));
    return prompt;
  }
  if (architecture == "qwen2-reranker") {
    prompt.body_ = Body::apart;
    prompt.document_label_ = "document: ";
    PODIUM_TRY(prompt.head_, encode_prompt(tokenizer, kMxbaiHead));
    PODIUM_TRY(prompt.border_, encode_prompt(tokenizer, "\n"));
    PODIUM_TRY(auto task, encode_prompt(tokenizer, kMxbaiTask));
    PODIUM_TRY(auto tail, encode_prompt(tokenizer, kMxbaiTail));
    for (auto* part : {&prompt.border_, &task, &tail}) {
      prompt.tail_.insert(prompt.tail_.end(), part->begin(), part->end());
    }
    return prompt;
  }
  return std::nullopt;
}

std::string Prompt::labelled(std::string_view instruction, std::string_view query) const {
  if (body_ == Body::apart) {
    return instruction.empty() ? fmt::format("query: {}", query)
                               : fmt::format("instruction: {}\nquery: {}", instruction, query);
  }
  return fmt::format("<Instruct>: {}\n<Query>: {}",
                     instruction.empty() ? kQwen3Instruction : instruction, query);
}

std::string Prompt::lead(std::string_view labelled) const {
  return body_ == Body::apart ? document_label_ : std::string(labelled) + document_label_;
}

std::size_t Prompt::query_room(std::size_t max_length) const {
  return (max_length - std::min(max_length, size())) * 3 / 4;
}

std::size_t Prompt::taken(std::size_t query, std::size_t lead) const {
  return size() + query + border_.size() + lead;
}

void Prompt::build(std::span<const text::TokenId> query, std::span<const text::TokenId> lead,
                   std::span<const text::TokenId> document, std::size_t max_length,
                   text::Sequence& out) const {
  const std::size_t body_end = max_length - std::min(max_length, tail_.size());
  out.ids.assign(head_.begin(), head_.end());
  const auto add = [&](std::span<const text::TokenId> ids) {
    const std::size_t room = body_end - std::min(body_end, out.ids.size());
    out.ids.insert(out.ids.end(), ids.begin(),
                   ids.begin() + static_cast<std::ptrdiff_t>(std::min(room, ids.size())));
  };
  add(query);
  if (body_ == Body::apart) add(border_);
  add(lead);
  add(document);
  out.ids.insert(out.ids.end(), tail_.begin(), tail_.end());
  out.type_ids.assign(out.ids.size(), 0);
}

}  // namespace podium
