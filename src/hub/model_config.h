// config.json and tokenizer_config.json as one plain struct: every field Podium reads, with the
// default that Hugging Face transformers gives it where the file is silent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "hub/checkpoint.h"
#include "hub/config_fields.h"

namespace podium::hub {

// Which state of a text stands for it.
enum class Pooling { mean, first, last };

// How a bi-encoder turns texts into vectors and a cosine into a score. Podium's own section of
// config.json ("podium"); relevance_score = sigmoid(scale * cosine + bias).
struct BiEncoderConfig {
  Pooling pooling = Pooling::mean;
  std::string query_prefix;
  std::string document_prefix;
  double calibration_scale = 1;
  double calibration_bias = 0;
};

struct ModelConfig {
  std::string model_type;                  // may be empty: jina v2 has none
  std::vector<std::string> architectures;  // e.g. "XLMRobertaForSequenceClassification"
  std::string display_name;                // "podium.name", may be empty
  std::size_t hidden_size = 0;
  std::size_t num_hidden_layers = 0;
  std::size_t num_attention_heads = 0;
  std::size_t intermediate_size = 0;
  std::size_t vocab_size = 0;
  std::size_t max_position_embeddings = 0;
  std::size_t type_vocab_size = 0;
  std::int64_t pad_token_id = 0;
  std::string hidden_act = "gelu";
  std::string position_embedding_type = "absolute";
  float layer_norm_eps = 1e-12F;
  std::size_t num_labels = 0;  // entries of id2label, else num_labels, else 0
  bool is_bi_encoder = false;
  bool is_late_interaction = false;  // of Podium's own; a bi-encoder too
  BiEncoderConfig bi_encoder;
  bool q4_0_weights = false;             // quantization_config.quant_method == "q4_0"
  std::size_t tokenizer_max_length = 0;  // model_max_length; 0 if absent or "very large"

  // config.json itself, for what only one architecture asks.
  Fields fields() const { return {what, document->root()}; }
  std::string what;  // the file's name, for messages
  std::shared_ptr<const json::Document> document;
};

// Reads both files of a checkpoint. Refuses fields of the wrong type, sizes that are zero or beyond
// reason (hidden_size not a multiple of the heads, more than 2^31 elements in a matrix), and
// quantisation methods that Podium does not know.
Result<ModelConfig> read_model_config(const Checkpoint& checkpoint);

}  // namespace podium::hub
