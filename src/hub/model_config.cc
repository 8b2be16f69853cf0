#include "hub/model_config.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/json.h"

namespace podium::hub {

namespace {

std::string_view type_name(json::Value::Type type) {
  switch (type) {
    case json::Value::Type::null: return "null";
    case json::Value::Type::boolean: return "true or false";
    case json::Value::Type::number: return "a number";
    case json::Value::Type::string: return "a string";
    case json::Value::Type::array: return "an array";
    case json::Value::Type::object: return "an object";
  }
  return "null";
}

// Reads the members of one JSON object into variables, which keep their value where the member is
// absent or null. The first error is kept, so that the fields read like a list.
class Fields {
 public:
  Fields(std::string what, std::optional<json::Value> object)
      : what_(std::move(what)), object_(object) {}

  void text(std::string_view key, std::string& out) {
    const auto value = find(key);
    if (!value) return;
    if (const auto text = value->as_string()) {
      out = *text;
    } else {
      wrong_type(key, "a string", *value);
    }
  }

  void size(std::string_view key, std::size_t& out, std::size_t least, std::size_t most) {
    const auto value = find(key);
    if (!value) return;
    if (value->type() != json::Value::Type::number) return wrong_type(key, "an integer", *value);
    const auto size = value->as_uint();
    if (!size || *size < least || *size > most) {
      return refuse(key, fmt::format("must be an integer from {} to {}, not {}", least, most,
                                     value->to_text()));
    }
    out = *size;
  }

  void number(std::string_view key, double& out) {
    const auto value = find(key);
    if (!value) return;
    if (const auto number = value->as_double()) {
      out = *number;
    } else {
      wrong_type(key, "a number", *value);
    }
  }

  void texts(std::string_view key, std::vector<std::string>& out) {
    const auto value = find(key);
    if (!value) return;
    if (!value->is_array()) return wrong_type(key, "an array of strings", *value);
    value->for_each_element([&](json::Value element) {
      if (const auto text = element.as_string()) {
        out.emplace_back(*text);
      } else {
        wrong_type(key, "an array of strings", element);
      }
      return outcome_.has_value();
    });
  }

  // The object under `key`, whose errors the caller collects with absorb().
  Fields section(std::string_view key) {
    const auto value = find(key);
    if (value && !value->is_object()) wrong_type(key, "an object", *value);
    return {fmt::format("{}, section \"{}\"", what_, key), value};
  }
  void absorb(const Fields& other) {
    if (outcome_) outcome_ = other.outcome_;
  }

  bool present() const { return object_ && object_->is_object(); }
  std::size_t members() const { return object_ ? object_->size() : 0; }

  void refuse(std::string_view key, std::string_view why, ErrorCode code = ErrorCode::malformed) {
    if (outcome_) outcome_ = fail(code, fmt::format("{}: \"{}\" {}", what_, key, why));
  }
  void refuse_unknown(std::string_view key, std::string_view value, std::string hint) {
    if (!outcome_) return;
    outcome_ =
        fail(ErrorCode::unsupported,
             fmt::format("{}: \"{}\" is \"{}\", which Podium does not know", what_, key, value),
             std::move(hint));
  }
  const Result<void>& outcome() const { return outcome_; }

 private:
  std::optional<json::Value> find(std::string_view key) const {
    const auto value = object_ ? object_->find(key) : std::nullopt;
    return value && value->is_null() ? std::nullopt : value;
  }
  void wrong_type(std::string_view key, std::string_view wanted, json::Value found) {
    refuse(key, fmt::format("must be {}, not {}", wanted, type_name(found.type())));
  }

  std::string what_;
  std::optional<json::Value> object_;
  Result<void> outcome_;
};

constexpr std::size_t kMostElements = std::size_t{1} << 31;

// transformers pads RoBERTa and its descendants with 1 and BERT with 0.
std::int64_t default_pad(const ModelConfig& config) {
  const auto names_roberta = [](const std::string& name) {
    return name.find("oberta") != std::string::npos;
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
  fields.size("hidden_size", config.hidden_size, 1, 1 << 16);
  fields.size("num_hidden_layers", config.num_hidden_layers, 1, 1 << 10);
  fields.size("num_attention_heads", config.num_attention_heads, 1, 1 << 10);
  fields.size("intermediate_size", config.intermediate_size, 1, 1 << 20);
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
  fields.number("layer_norm_eps", epsilon);
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

void read_podium_section(Fields& fields, ModelConfig& config) {
  Fields podium = fields.section("podium");
  std::string head = "cross-encoder";
  std::string pooling = "mean";
  podium.text("name", config.display_name);
  podium.text("head", head);
  podium.text("pooling", pooling);
  podium.text("query_prefix", config.bi_encoder.query_prefix);
  podium.text("document_prefix", config.bi_encoder.document_prefix);
  config.is_bi_encoder = head == "bi-encoder";
  if (!config.is_bi_encoder && head != "cross-encoder") {
    podium.refuse_unknown("head", head, "It is \"bi-encoder\" or \"cross-encoder\".");
  }
  if (pooling != "mean") podium.refuse_unknown("pooling", pooling, "It is \"mean\".");
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
  PODIUM_TRY(const auto document, parse_object(checkpoint.config_json(), what));
  Fields fields(what, document.root());
  fields.text("model_type", config.model_type);
  fields.texts("architectures", config.architectures);
  fields.text("hidden_act", config.hidden_act);
  fields.text("position_embedding_type", config.position_embedding_type);
  read_sizes(fields, config);
  check_sizes(fields, config);
  read_epsilon(fields, config);
  read_labels(fields, config);
  read_quantization(fields, config);
  read_podium_section(fields, config);
  PODIUM_CHECK(fields.outcome());

  if (checkpoint.tokenizer_config_json().empty()) return config;
  const std::string tokenizer_what = checkpoint.name() + "/tokenizer_config.json";
  PODIUM_TRY(const auto tokenizer,
             parse_object(checkpoint.tokenizer_config_json(), tokenizer_what));
  Fields tokenizer_fields(tokenizer_what, tokenizer.root());
  read_max_length(tokenizer_fields, config);
  PODIUM_CHECK(tokenizer_fields.outcome());
  return config;
}

}  // namespace podium::hub
