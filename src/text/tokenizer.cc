#include "text/tokenizer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "text/added_tokens.h"
#include "text/parts.h"
#include "text/trim_offsets.h"

namespace podium::text {

namespace {

// Longer texts are read up to here: origins are 32 bits wide.
constexpr std::size_t kMaxText = 1 << 26;

// A normalized text is at most this much longer than the text, plus a constant for short ones. The
// most that Unicode asks for is 11-fold (U+FDFA).
constexpr std::size_t kMaxGrowth = 32;
constexpr std::size_t kFreeGrowth = 1 << 16;

struct Scratch {
  MappedText whole;  // the text with ill-formed UTF-8 replaced
  Pieces current;    // the stretch between two added tokens
  Pieces part;       // the stretch between two added tokens of the normalized text
  Pieces spare;
  std::vector<LatticeNode> lattice;

  void set_limit(std::size_t limit) {
    for (MappedText* text : {&whole, &current.text, &part.text, &spare.text}) text->limit = limit;
  }
};

// Copies a text with its origins; ill-formed UTF-8 becomes U+FFFD.
void load(std::string_view text, MappedText& out) {
  out.bytes = text;
  out.origin.resize(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const auto position = static_cast<std::uint32_t>(at);
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      out.origin[at++] = position;
      continue;
    }
    const utf8::Decoded c = utf8::decode(text, at);
    if (!c.valid) break;
    for (const std::size_t end = at + c.length; at < end; ++at) out.origin[at] = position;
  }
  out.bytes.resize(at);
  out.origin.resize(at);
  while (at < text.size()) {
    const utf8::Decoded c = utf8::decode(text, at);
    out.append(c.valid ? text.substr(at, c.length) : "\uFFFD", static_cast<std::uint32_t>(at));
    at += c.length;
  }
}

}  // namespace

std::size_t TokenSink::end_of_long_character(std::size_t at) const {
  return at + utf8::decode(original_, at).length;
}

struct Tokenizer::Pipeline {
  std::vector<AddedToken> added;  // by id
  AddedTokenMatcher raw_matcher;
  std::unique_ptr<Normalizer> normalizer;
  AddedTokenMatcher normalized_matcher;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<Model> model;
  Template layout;
  std::size_t vocab_size = 0;

  Result<void> check_added() const;
  Result<void> check_layout() const;
  Result<void> read_parts(const Spec& root, SpecialTokens special_tokens);
  void encode_stretch(std::string_view original, Scratch& scratch, Encoding& out) const;
  void encode_normalized(std::string_view original, Pieces& pieces, Scratch& scratch,
                         Encoding& out) const;
  std::string_view piece(TokenId id) const;
  void trim_offsets(std::string_view text, Encoding& out) const;
};

Tokenizer::Tokenizer(std::unique_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

// Construction.

Result<void> Tokenizer::Pipeline::check_added() const {
  const AddedToken* last = nullptr;
  for (const AddedToken& token : added) {
    const TokenId known = model->vocabulary().find(token.content);
    const std::string_view piece = model->vocabulary().piece(token.id);
    if ((known >= 0 && known != token.id) || (!piece.empty() && piece != token.content)) {
      return fail(
          ErrorCode::malformed,
          fmt::format(
              "tokenizer.json: added token \"{}\" has id {}, which the vocabulary contradicts",
              token.content, token.id));
    }
    if (last != nullptr && last->id == token.id && last->content != token.content) {
      return fail(ErrorCode::malformed,
                  fmt::format("tokenizer.json: added tokens \"{}\" and \"{}\" share id {}",
                              last->content, token.content, token.id));
    }
    last = &token;
  }
  return {};
}

Result<void> Tokenizer::Pipeline::check_layout() const {
  for (const auto* items : {&layout.single, &layout.pair}) {
    for (const TemplateItem& item : *items) {
      if (item.kind == TemplateItem::Kind::special &&
          static_cast<std::size_t>(item.id) >= vocab_size) {
        return fail(
            ErrorCode::malformed,
            fmt::format("tokenizer.json: post_processor uses id {}, but the vocabulary ends at {}",
                        item.id, vocab_size));
      }
    }
  }
  return {};
}

Result<void> Tokenizer::Pipeline::read_parts(const Spec& root, SpecialTokens special_tokens) {
  PODIUM_TRY(added, read_added_tokens(root));
  std::sort(added.begin(), added.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.id != b.id ? a.id < b.id : a.content < b.content;
  });
  const bool as_text = special_tokens == SpecialTokens::text;
  std::vector<std::string_view> hidden;
  std::vector<AddedToken> raw, normalized;
  for (const AddedToken& token : added) {
    if (as_text && token.special) {
      hidden.push_back(token.content);
    } else {
      (token.normalized ? normalized : raw).push_back(token);
    }
  }
  if (root.find("normalizer")) {
    PODIUM_TRY(const Spec spec, root.object("normalizer"));
    PODIUM_TRY(normalizer, make_normalizer(Spec(spec.value(), "normalizer")));
  }
  if (root.find("pre_tokenizer")) {
    PODIUM_TRY(const Spec spec, root.object("pre_tokenizer"));
    PODIUM_TRY(pre_tokenizer, make_pre_tokenizer(Spec(spec.value(), "pre_tokenizer")));
  }
  PODIUM_TRY(const Spec spec, root.object("model"));
  PODIUM_TRY(model, make_model(Spec(spec.value(), "model"), hidden));
  PODIUM_TRY(raw_matcher, AddedTokenMatcher::build(std::move(raw), nullptr));
  PODIUM_TRY(normalized_matcher, AddedTokenMatcher::build(std::move(normalized), normalizer.get()));
  vocab_size = model->vocabulary().size();
  if (!added.empty())
    vocab_size = std::max(vocab_size, static_cast<std::size_t>(added.back().id) + 1);
  return {};
}

Result<Tokenizer> Tokenizer::from_json(std::string_view tokenizer_json,
                                       SpecialTokens special_tokens) {
  PODIUM_TRY(const json::Document document,
             json::Document::parse(tokenizer_json, "tokenizer.json"));
  const Spec root(document.root(), "the file");
  if (!root.value().is_object()) return root.malformed("is not a JSON object");
  auto pipeline = std::make_unique<Pipeline>();
  PODIUM_CHECK(pipeline->read_parts(root, special_tokens));
  pipeline->layout = default_template();
  if (root.find("post_processor")) {
    PODIUM_TRY(const Spec spec, root.object("post_processor"));
    PODIUM_TRY(pipeline->layout, make_template(Spec(spec.value(), "post_processor")));
  }
  PODIUM_CHECK(pipeline->check_added());
  PODIUM_CHECK(pipeline->check_layout());
  return Tokenizer(std::move(pipeline));
}

// Encoding.

void Tokenizer::encode(std::string_view text, Encoding& out) const {
  thread_local Scratch scratch;
  out.clear();
  text = text.substr(0, kMaxText);
  scratch.set_limit(text.size() * kMaxGrowth + kFreeGrowth);
  load(text, scratch.whole);
  AddedTokenMatcher::Cursor cursor;
  std::size_t done = 0;
  if (!pipeline_->raw_matcher.empty()) {
    while (const auto match = pipeline_->raw_matcher.next(scratch.whole.bytes, cursor)) {
      if (done < match->begin) {
        scratch.current.text.clear();
        scratch.current.text.append(scratch.whole, done, match->begin);
        pipeline_->encode_stretch(text, scratch, out);
      }
      TokenSink(text, scratch.whole, out).add(match->id, match->begin, match->end);
      done = match->end;
    }
  }
  if (done == 0) {
    std::swap(scratch.current.text, scratch.whole);
  } else {
    scratch.current.text.clear();
    scratch.current.text.append(scratch.whole, done, scratch.whole.size());
  }
  pipeline_->encode_stretch(text, scratch, out);
  if (pipeline_->layout.trim_offsets) pipeline_->trim_offsets(text, out);
  if (text.size() > kKeptScratch) scratch = Scratch();
}

// Reads scratch.current.text.
void Tokenizer::Pipeline::encode_stretch(std::string_view original, Scratch& scratch,
                                         Encoding& out) const {
  Pieces& current = scratch.current;
  if (normalizer) normalizer->apply(current.text, scratch.spare.text);
  if (normalized_matcher.empty()) return encode_normalized(original, current, scratch, out);
  AddedTokenMatcher::Cursor cursor;
  std::size_t done = 0;
  const auto encode_until = [&](std::size_t end) {
    if (done >= end) return;
    scratch.part.text.clear();
    scratch.part.text.append(current.text, done, end);
    encode_normalized(original, scratch.part, scratch, out);
  };
  while (const auto match = normalized_matcher.next(current.text.bytes, cursor)) {
    encode_until(match->begin);
    TokenSink(original, current.text, out).add(match->id, match->begin, match->end);
    done = match->end;
  }
  encode_until(current.text.size());
}

// Pre-tokenizes and encodes pieces.text; its spans are set here.
void Tokenizer::Pipeline::encode_normalized(std::string_view original, Pieces& pieces,
                                            Scratch& scratch, Encoding& out) const {
  pieces.spans.clear();
  if (pieces.text.size() == 0) return;
  pieces.spans.push_back({0, static_cast<std::uint32_t>(pieces.text.size())});
  if (pre_tokenizer) pre_tokenizer->apply(pieces, scratch.spare);
  TokenSink sink(original, pieces.text, out);
  model->tokenize(pieces, scratch.lattice, sink);
}

void Tokenizer::Pipeline::trim_offsets(std::string_view text, Encoding& out) const {
  for (std::size_t i = 0; i < out.ids.size(); ++i) {
    const bool first = i == 0 || out.offsets[i].begin == 0;
    out.offsets[i] =
        trim_spaces(piece(out.ids[i]), text, out.offsets[i], first && layout.keep_first_space);
  }
}

// Sequences.

namespace {

// Hugging Face's longest_first: the longer text is cut first, down to the shorter one's length or
// to what is left; then both get half, the odd token going to the longer one.
PairShare longest_first(PairShare lengths, std::size_t budget) {
  if (lengths.query + lengths.document <= budget) return lengths;
  const bool swapped = lengths.query > lengths.document;
  std::size_t shorter = swapped ? lengths.document : lengths.query;
  std::size_t longer = shorter > budget ? shorter : std::max(shorter, budget - shorter);
  if (shorter + longer > budget) {
    shorter = budget / 2;
    longer = shorter + budget % 2;
  }
  return swapped ? PairShare{longer, shorter} : PairShare{shorter, longer};
}

std::size_t count_special(const std::vector<TemplateItem>& items) {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const auto& item) {
    return item.kind == TemplateItem::Kind::special;
  }));
}

std::size_t budget_of(const std::vector<TemplateItem>& items, std::size_t max_length) {
  if (max_length == 0) return std::numeric_limits<std::size_t>::max();
  return max_length - std::min(max_length, count_special(items));
}

void fill(const std::vector<TemplateItem>& items, std::span<const TokenId> query,
          std::span<const TokenId> document, std::size_t max_length, Sequence& out) {
  out.ids.clear();
  out.type_ids.clear();
  for (const TemplateItem& item : items) {
    switch (item.kind) {
      case TemplateItem::Kind::special: out.ids.push_back(item.id); break;
      case TemplateItem::Kind::query:
        out.ids.insert(out.ids.end(), query.begin(), query.end());
        break;
      case TemplateItem::Kind::document:
        out.ids.insert(out.ids.end(), document.begin(), document.end());
        break;
    }
    out.type_ids.resize(out.ids.size(), item.type_id);
  }
  if (max_length == 0 || out.ids.size() <= max_length) return;
  out.ids.resize(max_length);
  out.type_ids.resize(max_length);
  out.truncated = true;
}

}  // namespace

void Tokenizer::build_single(std::span<const TokenId> text, std::size_t max_length,
                             Sequence& out) const {
  const auto& items = pipeline_->layout.single;
  const std::size_t kept = std::min(text.size(), budget_of(items, max_length));
  out.truncated = kept < text.size();
  fill(items, text.first(kept), {}, max_length, out);
}

void Tokenizer::build_pair(std::span<const TokenId> query, std::span<const TokenId> document,
                           std::size_t max_length, Sequence& out) const {
  const auto& items = pipeline_->layout.pair;
  const PairShare kept = share_in_pair(query.size(), document.size(), max_length);
  out.truncated = kept.query < query.size() || kept.document < document.size();
  fill(items, query.first(kept.query), document.first(kept.document), max_length, out);
}

PairShare Tokenizer::share_in_pair(std::size_t query, std::size_t document,
                                   std::size_t max_length) const {
  return longest_first({query, document}, budget_of(pipeline_->layout.pair, max_length));
}

std::size_t Tokenizer::pair_length(std::size_t query, std::size_t document,
                                   std::size_t max_length) const {
  const PairShare kept = share_in_pair(query, document, max_length);
  const std::size_t length = kept.query + kept.document + count_special(pipeline_->layout.pair);
  return max_length == 0 ? length : std::min(length, max_length);
}

// A line end is as good as a space where the normalizer makes it one.
BlankCuts Tokenizer::blank_cuts() const {
  if (!pipeline_->pre_tokenizer) return BlankCuts::none;
  const BlankCuts cuts = pipeline_->pre_tokenizer->blank_cuts();
  if (cuts != BlankCuts::at_spaces) return cuts;
  Encoding line_end, space;
  encode("a\nb", line_end);
  encode("a b", space);
  return line_end.ids == space.ids ? BlankCuts::at_whitespace : cuts;
}

std::size_t Tokenizer::special_tokens_in_single() const {
  return count_special(pipeline_->layout.single);
}

std::size_t Tokenizer::special_tokens_in_pair() const {
  return count_special(pipeline_->layout.pair);
}

// Facts.

std::size_t Tokenizer::vocab_size() const { return pipeline_->vocab_size; }

TokenId Tokenizer::id_of(std::string_view piece) const {
  for (const AddedToken& token : pipeline_->added) {
    if (token.content == piece) return token.id;
  }
  return pipeline_->model->vocabulary().find(piece);
}

std::string_view Tokenizer::piece(TokenId id) const { return pipeline_->piece(id); }

std::string_view Tokenizer::Pipeline::piece(TokenId id) const {
  const auto token =
      std::lower_bound(added.begin(), added.end(), id,
                       [](const AddedToken& t, TokenId wanted) { return t.id < wanted; });
  if (token != added.end() && token->id == id) return token->content;
  return model->vocabulary().piece(id);
}

std::string Tokenizer::describe() const {
  return fmt::format("{}, {} pieces", pipeline_->model->name(), pipeline_->vocab_size);
}

std::size_t Tokenizer::memory_bytes() const {
  return pipeline_->model->memory_bytes() + pipeline_->raw_matcher.memory_bytes() +
         pipeline_->normalized_matcher.memory_bytes() +
         (pipeline_->normalizer ? pipeline_->normalizer->memory_bytes() : 0);
}

}  // namespace podium::text
