// DistilBERT (Sanh et al. 2019, arXiv 1910.01108): BERT's layers without token types.
#include "model/architectures.h"
#include "model/heads.h"
#include "model/transformer.h"

namespace podium::model {

namespace {

TransformerLayerNames layer_names(const std::string& prefix, std::size_t layer,
                                  const hub::ModelConfig& config) {
  const std::size_t hidden = config.hidden_size;
  const std::string base = fmt::format("{}transformer.layer.{}.", prefix, layer);
  return {.query_key_value = {{base + "attention.q_lin", 0, hidden, hidden},
                              {base + "attention.k_lin", 0, hidden, hidden},
                              {base + "attention.v_lin", 0, hidden, hidden}},
          .attention_output = {base + "attention.out_lin"},
          .attention_norm = base + "sa_layer_norm",
          .up = {{base + "ffn.lin1", 0, config.intermediate_size, config.intermediate_size}},
          .down = {base + "ffn.lin2"},
          .feed_forward_norm = base + "output_layer_norm"};
}

}  // namespace

bool matches_distilbert(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "distilbert";
}

Result<std::unique_ptr<Model>> load_distilbert(const LoadContext& context) {
  const std::string prefix = name_prefix(context.checkpoint, "distilbert.");
  WeightReader reader(context);
  PODIUM_TRY(Embeddings embeddings,
             Embeddings::load(context, reader,
                              {.word = prefix + "embeddings.word_embeddings.weight",
                               .position = prefix + "embeddings.position_embeddings.weight",
                               .norm = prefix + "embeddings.LayerNorm"},
                              Positions{}));
  PODIUM_TRY(auto encoder, Transformer::load(context, reader, {}, std::move(embeddings),
                                             layer_names, prefix, ""));
  if (context.config.is_bi_encoder) {
    return make_bi_encoder(context, reader, "distilbert", std::move(encoder));
  }
  return make_cross_encoder(
      context, reader, "distilbert", std::move(encoder),
      {.dense = "pre_classifier", .out = "classifier", .activation = HeadActivation::relu});
}

}  // namespace podium::model
