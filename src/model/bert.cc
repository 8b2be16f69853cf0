// BERT: ms-marco-MiniLM cross-encoders, multilingual-e5-small and other BertModel bi-encoders.
#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

LayerNames hugging_face_layer_names(const std::string& prefix, std::size_t layer,
                                    std::size_t hidden) {
  const std::string base = fmt::format("{}encoder.layer.{}.", prefix, layer);
  const std::string self = base + "attention.self.";
  return {.query = {{self + "query", 0, hidden, hidden}},
          .key_value = {{self + "key", 0, hidden, hidden}, {self + "value", 0, hidden, hidden}},
          .attention_output = base + "attention.output.dense",
          .attention_norm = base + "attention.output.LayerNorm",
          .intermediate = base + "intermediate.dense",
          .output = base + "output.dense",
          .output_norm = base + "output.LayerNorm"};
}

EncoderNames hugging_face_names(const std::string& prefix) {
  const std::string embeddings = prefix + "embeddings.";
  return {.embeddings = {.word = embeddings + "word_embeddings.weight",
                         .position = embeddings + "position_embeddings.weight",
                         .type = embeddings + "token_type_embeddings.weight",
                         .norm = embeddings + "LayerNorm"},
          .layer = hugging_face_layer_names,
          .prefix = prefix};
}

bool matches_bert(const hub::Checkpoint&, const hub::ModelConfig& config) {
  // JinaBERT also calls itself "bert", with positions of its own.
  return config.model_type == "bert" && config.position_embedding_type == "absolute";
}

Result<std::unique_ptr<Model>> load_bert(const LoadContext& context) {
  const std::string prefix = name_prefix(context.checkpoint, "bert.");
  WeightReader reader(context);
  PODIUM_TRY(auto encoder,
             PostNormEncoder::load(context, reader, hugging_face_names(prefix), Positions{}));
  if (context.config.is_bi_encoder) {
    return make_bi_encoder(context, reader, "bert", std::move(encoder));
  }
  return make_cross_encoder(context, reader, "bert", std::move(encoder),
                            {.dense = prefix + "pooler.dense", .out = "classifier"});
}

}  // namespace podium::model
