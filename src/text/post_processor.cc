// Post-processors: which special tokens stand around one text and around a pair.
#include <utility>

#include "text/registry.h"

namespace podium::text {

namespace {

using Kind = TemplateItem::Kind;

TemplateItem query(std::uint8_t type) { return {Kind::query, type, 0}; }
TemplateItem document(std::uint8_t type) { return {Kind::document, type, 0}; }
TemplateItem special(TokenId id, std::uint8_t type) { return {Kind::special, type, id}; }

Result<TokenId> checked_id(const Spec& spec, std::optional<std::int64_t> id) {
  if (id && *id >= 0 && *id <= kMaxTokenId) return static_cast<TokenId>(*id);
  return spec.malformed("has a special token without a sensible id");
}

// BertProcessing and RobertaProcessing write a special token as ["[SEP]", 102].
Result<TokenId> token_pair_id(const Spec& spec, std::string_view key) {
  PODIUM_TRY(const Spec pair, spec.array(key));
  std::optional<std::int64_t> id;
  pair.value().for_each_element([&](json::Value field) {
    id = field.as_int();
    return true;
  });
  return checked_id(pair, id);
}

// Appends the tokens that TemplateProcessing keeps under a name.
Result<void> append_special(const Spec& tokens, std::string_view name, std::uint8_t type,
                            std::vector<TemplateItem>& out) {
  if (!tokens.find(name))
    return tokens.malformed(fmt::format("lacks \"{}\" of the template", name));
  PODIUM_TRY(const Spec token, tokens.object(name));
  PODIUM_TRY(const Spec ids, token.array("ids"));
  Result<void> result;
  ids.value().for_each_element([&](json::Value id) {
    const auto checked = checked_id(ids, id.as_int());
    if (checked) {
      out.push_back(special(*checked, type));
    } else {
      result = tl::unexpected(checked.error());
    }
    return result.has_value();
  });
  return result;
}

Result<void> append_item(const Spec& item, const Spec& tokens, std::vector<TemplateItem>& out) {
  const bool is_special = item.find("SpecialToken").has_value();
  PODIUM_TRY(const Spec body, item.object(is_special ? "SpecialToken" : "Sequence"));
  PODIUM_TRY(const std::string_view id, body.string("id"));
  PODIUM_TRY(const std::int64_t type, body.integer_or("type_id", 0));
  if (type < 0 || type > 255) return body.malformed("has a type_id outside 0..255");
  const auto type_id = static_cast<std::uint8_t>(type);
  if (is_special) return append_special(tokens, id, type_id, out);
  if (id != "A" && id != "B") return body.malformed("names a sequence other than A and B");
  out.push_back(id == "A" ? query(type_id) : document(type_id));
  return {};
}

Result<std::vector<TemplateItem>> read_items(const Spec& spec, std::string_view key,
                                             const Spec& tokens, std::ptrdiff_t documents) {
  PODIUM_TRY(const Spec list, spec.array(key));
  std::vector<TemplateItem> out;
  Result<void> result;
  list.value().for_each_element([&](json::Value item) {
    result = append_item(Spec(item, list.name()), tokens, out);
    return result.has_value();
  });
  if (!result) return tl::unexpected(std::move(result).error());
  std::ptrdiff_t a = 0, b = 0;
  for (const TemplateItem& item : out) {
    a += item.kind == Kind::query;
    b += item.kind == Kind::document;
  }
  if (a == 1 && b == documents) return out;
  return list.malformed(documents == 0 ? "must hold the sequence A once"
                                       : "must hold the sequences A and B once each");
}

}  // namespace

Template default_template() {
  Template out;
  out.single = {query(0)};
  out.pair = {query(0), document(1)};
  return out;
}

Result<Template> make_template_processing(const Spec& spec) {
  PODIUM_TRY(const Spec tokens, spec.object("special_tokens"));
  Template out;
  PODIUM_TRY(out.single, read_items(spec, "single", tokens, 0));
  PODIUM_TRY(out.pair, read_items(spec, "pair", tokens, 1));
  return out;
}

// [CLS] A [SEP] and [CLS] A [SEP] B [SEP], the second text of type 1.
Result<Template> make_bert_processing(const Spec& spec) {
  PODIUM_TRY(const TokenId sep, token_pair_id(spec, "sep"));
  PODIUM_TRY(const TokenId cls, token_pair_id(spec, "cls"));
  Template out;
  out.single = {special(cls, 0), query(0), special(sep, 0)};
  out.pair = {special(cls, 0), query(0), special(sep, 0), document(1), special(sep, 1)};
  return out;
}

// <s> A </s> and <s> A </s> </s> B </s>, all of type 0.
Result<Template> make_roberta_processing(const Spec& spec) {
  PODIUM_TRY(const TokenId sep, token_pair_id(spec, "sep"));
  PODIUM_TRY(const TokenId cls, token_pair_id(spec, "cls"));
  PODIUM_TRY(Template out, make_byte_level_processing(spec));
  out.single = {special(cls, 0), query(0), special(sep, 0)};
  out.pair = {special(cls, 0), query(0),    special(sep, 0),
              special(sep, 0), document(0), special(sep, 0)};
  return out;
}

// No tokens around the texts, only what their offsets mean.
Result<Template> make_byte_level_processing(const Spec& spec) {
  Template out = default_template();
  PODIUM_TRY(out.trim_offsets, spec.boolean_or("trim_offsets", true));
  PODIUM_TRY(out.keep_first_space, spec.boolean_or("add_prefix_space", true));
  return out;
}

// ByteLevel and a template, as Llama 3 has them.
Result<Template> make_processing_sequence(const Spec& spec) {
  PODIUM_TRY(const Spec list, spec.array("processors"));
  Template out = default_template();
  bool has_template = false;
  Result<void> result;
  list.value().for_each_element([&](json::Value element) {
    const Spec part(element, list.name());
    const auto type = part.string_or("type", "");
    const auto read = make_template(part);
    if (!read) {
      result = tl::unexpected(read.error());
    } else if (type == "ByteLevel") {
      out.trim_offsets = read->trim_offsets;
      out.keep_first_space = read->keep_first_space;
    } else if (std::exchange(has_template, true)) {
      result = list.unsupported("has more than one template");
    } else {
      out.single = read->single;
      out.pair = read->pair;
    }
    return result.has_value();
  });
  if (!result) return tl::unexpected(std::move(result).error());
  return out;
}

}  // namespace podium::text
