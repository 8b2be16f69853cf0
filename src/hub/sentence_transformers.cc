#include "hub/sentence_transformers.h"

#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "hub/config_fields.h"

namespace podium::hub {

namespace {

struct Mode {
  std::string_view name;  // of "pooling_mode"
  std::string_view flag;  // the older spelling
  std::optional<Pooling> pooling;
};
constexpr auto kModes = std::to_array<Mode>({
    {"mean", "pooling_mode_mean_tokens", Pooling::mean},
    {"cls", "pooling_mode_cls_token", Pooling::first},
    {"lasttoken", "pooling_mode_lasttoken", Pooling::last},
    {"max", "pooling_mode_max_tokens", std::nullopt},
    {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", std::nullopt},
    {"weightedmean", "pooling_mode_weightedmean_tokens", std::nullopt},
});

Result<json::Document> parse(const Checkpoint& checkpoint, std::string_view text,
                             std::string_view file) {
  return json::Document::parse(text, fmt::format("{}/{}", checkpoint.name(), file));
}

// Whether a text is pooled at all. A cross-encoder's modules.json has no such module.
Result<bool> has_pooling(const Checkpoint& checkpoint) {
  PODIUM_TRY(const auto document,
             parse(checkpoint, checkpoint.sentence_transformers().modules, "modules.json"));
  bool pooling = false;
  std::string unknown;
  document.root().for_each_element([&](json::Value module) {
    const auto type = module.find("type");
    const std::string_view name = type ? type->as_string().value_or("") : "";
    const std::string_view last = name.substr(name.rfind('.') + 1);
    pooling = pooling || last == "Pooling";
    if (last != "Transformer" && last != "Pooling" && last != "Normalize") unknown = last;
    return true;
  });
  if (!pooling || unknown.empty()) return pooling;
  return fail(ErrorCode::unsupported,
              fmt::format("{}/modules.json has a module \"{}\", which Podium does not know",
                          checkpoint.name(), unknown),
              "Known: Transformer, Pooling, Normalize.");
}

Result<Pooling> read_pooling(const Checkpoint& checkpoint) {
  const std::string_view text = checkpoint.sentence_transformers().pooling;
  if (text.empty()) return Pooling::mean;
  PODIUM_TRY(const auto document, parse(checkpoint, text, "1_Pooling/config.json"));
  Fields fields(checkpoint.name() + "/1_Pooling/config.json", document.root());
  std::string name;
  fields.text("pooling_mode", name);
  for (const Mode& mode : kModes) {
    bool chosen = false;
    fields.flag(mode.flag, chosen);
    if (chosen) name += (name.empty() ? "" : "+") + std::string(mode.name);
  }
  PODIUM_CHECK(fields.outcome());
  if (name.empty()) return Pooling::mean;
  for (const Mode& mode : kModes) {
    if (mode.name == name && mode.pooling) return *mode.pooling;
  }
  fields.refuse_unknown("pooling_mode", name, "Known: cls, lasttoken, mean.");
  return tl::unexpected(fields.outcome().error());
}

Result<void> read_prompts(const Checkpoint& checkpoint, BiEncoderConfig& config) {
  const std::string_view text = checkpoint.sentence_transformers().prompts;
  if (text.empty()) return {};
  PODIUM_TRY(const auto document, parse(checkpoint, text, "config_sentence_transformers.json"));
  Fields fields(checkpoint.name() + "/config_sentence_transformers.json", document.root());
  Fields prompts = fields.section("prompts");
  prompts.text("query", config.query_prefix);
  for (const auto* key : {"passage", "document"}) prompts.text(key, config.document_prefix);
  fields.absorb(prompts);
  return fields.outcome();
}

Result<void> read_limit(const Checkpoint& checkpoint, ModelConfig& config) {
  const std::string_view text = checkpoint.sentence_transformers().limits;
  if (text.empty()) return {};
  PODIUM_TRY(const auto document, parse(checkpoint, text, "sentence_bert_config.json"));
  Fields fields(checkpoint.name() + "/sentence_bert_config.json", document.root());
  std::size_t limit = 0;
  fields.size("max_seq_length", limit, 1, 1 << 24);
  PODIUM_CHECK(fields.outcome());
  if (limit > 0) config.tokenizer_max_length = limit;
  return {};
}

}  // namespace

Result<void> read_sentence_transformers(const Checkpoint& checkpoint, ModelConfig& config) {
  if (checkpoint.sentence_transformers().modules.empty()) return {};
  PODIUM_TRY(config.is_bi_encoder, has_pooling(checkpoint));
  if (!config.is_bi_encoder) return {};
  PODIUM_TRY(config.bi_encoder.pooling, read_pooling(checkpoint));
  PODIUM_CHECK(read_prompts(checkpoint, config.bi_encoder));
  return read_limit(checkpoint, config);
}

}  // namespace podium::hub
