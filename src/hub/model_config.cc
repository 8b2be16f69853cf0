#include "hub/model_config.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/json.h"
#include "hub/config_fields.h"
#include "hub/sentence_transformers.h"

namespace podium::hub {

namespace {

constexpr std::size_t kMostElements = std::size_t{1} << 31;

// transformers pads RoBERTa and its descendants with 1 and BERT with 0.
std::int64_t default_pad(const ModelConfig& config) {
  const auto names_roberta = [](std::string_view name) {
    for (const std::string_view part : {"oberta", "amembert", "mpnet", "MPNet"}) {
      if (name.find(part) != name.npos) return true;
    }
    return false;
  };
  return names_roberta(config.model_type) || std::any_of(config.architectures.begin(),
                                                         config.architectures.end(), names_roberta)
             ? 1
             : 0;
}

void read_sizes(Fields& fields, ModelConfig& config) {
  config.hidden_size = 768;
  config.num_hidden_layers = 12;
  config.num_attention_heads = 12;
  config.intermediate_size = 3072;
  config.vocab_size = 30522;
  config.max_position_embeddings = 512;
  config.type_vocab_size = 2;
  auto pad = static_cast<std::size_t>(default_pad(config));
  // The first names are DistilBERT's.
  for (const auto* key : {"dim", "hidden_size"}) fields.size(key, config.hidden_size, 1, 1 << 16);
  for (const auto* key : {"n_layers", "num_hidden_layers"}) {
    fields.size(key, config.num_hidden_layers, 1, 1 << 10);
  }
  for (const auto* key : {"n_heads", "num_attention_heads"}) {
    fields.size(key, config.num_attention_heads, 1, 1 << 10);
  }
  for (const auto* key : {"hidden_dim", "intermediate_size"}) {
    fields.size(key, config.intermediate_size, 1, 1 << 20);
  }
  fields.size("vocab_size", config.vocab_size, 1, 1 << 24);
  fields.size("max_position_embeddings", config.max_position_embeddings, 1, 1 << 24);
  fields.size("type_vocab_size", config.type_vocab_size, 0, 1 << 10);
  fields.size("pad_token_id", pad, 0, config.vocab_size - 1);
  config.pad_token_id = static_cast<std::int64_t>(pad);
}

void check_sizes(Fields& fields, const ModelConfig& config) {
  if (config.hidden_size % config.num_attention_heads != 0) {
    fields.refuse("hidden_size",
                  fmt::format("is {}, which is no multiple of the {} attention heads",
                              config.hidden_size, config.num_attention_heads));
  }
  const std::pair<std::string_view, std::size_t> tables[] = {
      {"vocab_size", config.vocab_size},
      {"max_position_embeddings", config.max_position_embeddings},
      {"intermediate_size", config.intermediate_size},
      {"hidden_size", 3 * config.hidden_size}};  // query, key and value as one matrix
  for (const auto& [key, rows] : tables) {
    if (rows > kMostElements / config.hidden_size) {
      fields.refuse(key, fmt::format("asks for a matrix of {} x {} elements, too large to be true",
                                     rows, config.hidden_size));
    }
  }
}

void read_epsilon(Fields& fields, ModelConfig& config) {
  double epsilon = 1e-12;
  for (const auto* key : {"rms_norm_eps", "norm_eps", "layer_norm_eps"})
    fields.number(key, epsilon);
  config.layer_norm_eps = static_cast<float>(std::clamp(epsilon, -1.0, 2.0));
  if (!(config.layer_norm_eps > 0 && config.layer_norm_eps < 1)) {
    fields.refuse("layer_norm_eps", fmt::format("must be between 0 and 1, not {}", epsilon));
  }
}

void read_labels(Fields& fields, ModelConfig& config) {
  fields.size("num_labels", config.num_labels, 1, 1 << 16);
  const Fields labels = fields.section("id2label");
  if (labels.present()) config.num_labels = labels.members();  // as transformers counts them
  fields.absorb(labels);
}

void read_quantization(Fields& fields, ModelConfig& config) {
  Fields quantization = fields.section("quantization_config");
  if (!quantization.present()) return;
  std::string method = "none";
  std::size_t block_size = 32;
  quantization.text("quant_method", method);
  if (method != "q4_0") {
    quantization.refuse_unknown("quant_method", method,
                                "Podium reads F32, F16 and BF16 weights and q4_0 blocks; use the "
                                "checkpoint this one was quantised from.");
  }
  quantization.size("block_size", block_size, 32, 32);
  config.q4_0_weights = true;
  fields.absorb(quantization);
}

// By sentence-transformers' names.
std::optional<Pooling> read_pooling(std::string_view name) {
  if (name == "mean") return Pooling::mean;
  if (name == "cls") return Pooling::first;
  if (name == "lasttoken") return Pooling::last;
  return std::nullopt;
}

void read_podium_section(Fields& fields, ModelConfig& config) {
  Fields podium = fields.section("podium");
  std::string head = "cross-encoder";
  std::string pooling = "mean";
  podium.text("name", config.display_name);
  podium.text("head", head);
  podium.text("pooling", pooling);
  podium.text("query_prefix", config.bi_encoder.query_prefix);
  podium.text("document_prefix", config.bi_encoder.document_prefix);
  config.is_late_interaction = head == "late-interaction";
  config.is_bi_encoder = head == "bi-encoder" || config.is_late_interaction;
  if (!config.is_bi_encoder && head != "cross-encoder") {
    podium.refuse_unknown("head", head,
                          "It is \"late-interaction\", \"bi-encoder\" or \"cross-encoder\".");
  }
  const auto known = read_pooling(pooling);
  if (!known) {
    podium.refuse_unknown("pooling", pooling, "It is \"mean\", \"cls\" or \"lasttoken\".");
  }
  config.bi_encoder.pooling = known.value_or(Pooling::mean);
  Fields calibration = podium.section("calibration");
  calibration.number("scale", config.bi_encoder.calibration_scale);
  calibration.number("bias", config.bi_encoder.calibration_bias);
  podium.absorb(calibration);
  fields.absorb(podium);
}

// Tokenizers without a limit of their own are saved with one of 10^30.
void read_max_length(Fields& fields, ModelConfig& config) {
  constexpr double kVeryLarge = 1e9;
  double length = 0;
  fields.number("model_max_length", length);
  if (length < 0) fields.refuse("model_max_length", fmt::format("must not be {}", length));
  if (length > 0 && length < kVeryLarge) {
    config.tokenizer_max_length = static_cast<std::size_t>(length);
  }
}

Result<json::Document> parse_object(std::string_view text, const std::string& what) {
  PODIUM_TRY(auto document, json::Document::parse(text, what));
  if (document.root().is_object()) return document;
  return fail(ErrorCode::malformed, fmt::format("{} is not a JSON object", what));
}

}  // namespace

Result<ModelConfig> read_model_config(const Checkpoint& checkpoint) {
  ModelConfig config;
  const std::string what = checkpoint.name() + "/config.json";
  PODIUM_TRY(auto document, parse_object(checkpoint.config_json(), what));
  config.document = std::make_shared<const json::Document>(std::move(document));
  Fields fields(what, config.document->root());
  fields.text("model_type", config.model_type);
  fields.texts("architectures", config.architectures);
  for (const auto* key : {"activation", "hidden_activation", "hidden_act"}) {
    fields.text(key, config.hidden_act);
  }
  fields.text("position_embedding_type", config.position_embedding_type);
  read_sizes(fields, config);
  check_sizes(fields, config);
  read_epsilon(fields, config);
  read_labels(fields, config);
  read_quantization(fields, config);
  read_podium_section(fields, config);
  PODIUM_CHECK(fields.outcome());
  config.what = what;

  if (!checkpoint.tokenizer_config_json().empty()) {
    const std::string tokenizer_what = checkpoint.name() + "/tokenizer_config.json";
    PODIUM_TRY(const auto tokenizer,
               parse_object(checkpoint.tokenizer_config_json(), tokenizer_what));
    Fields tokenizer_fields(tokenizer_what, tokenizer.root());
    read_max_length(tokenizer_fields, config);
    PODIUM_CHECK(tokenizer_fields.outcome());
  }
  // A section of Podium's own says more.
  if (!fields.has("podium")) PODIUM_CHECK(read_sentence_transformers(checkpoint, config));
  return config;
}

}  // namespace podium::hub
