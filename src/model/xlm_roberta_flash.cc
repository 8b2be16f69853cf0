// XLM-RoBERTa under the names of its "flash" implementation: jina-reranker-v2-base-multilingual.
// Its config.json has no model_type, so the tensors decide.
#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

namespace {

// Wqkv holds the rows of the queries, then the keys, then the values.
LayerNames flash_layer_names(const std::string& prefix, std::size_t layer, std::size_t hidden) {
  const std::string base = fmt::format("{}encoder.layers.{}.", prefix, layer);
  return {.query = {{base + "mixer.Wqkv", 0, hidden, 3 * hidden}},
          .key_value = {{base + "mixer.Wqkv", hidden, 2 * hidden, 3 * hidden}},
          .attention_output = base + "mixer.out_proj",
          .attention_norm = base + "norm1",
          .intermediate = base + "mlp.fc1",
          .output = base + "mlp.fc2",
          .output_norm = base + "norm2"};
}

}  // namespace

bool matches_xlm_roberta_flash(const hub::Checkpoint& checkpoint, const hub::ModelConfig&) {
  return checkpoint.find("roberta.emb_ln.weight") != nullptr &&
         checkpoint.find("roberta.encoder.layers.0.mixer.Wqkv.weight") != nullptr;
}

Result<std::unique_ptr<Model>> load_xlm_roberta_flash(const LoadContext& context) {
  EncoderNames names = hugging_face_names("roberta.");
  names.embeddings.norm = "roberta.emb_ln";
  names.layer = flash_layer_names;
  WeightReader reader(context);
  PODIUM_TRY(auto encoder,
             PostNormEncoder::load(context, reader, names, roberta_positions(context.config)));
  return make_cross_encoder(context, reader, "xlm-roberta-flash", std::move(encoder),
                            {.dense = "classifier.dense", .out = "classifier.out_proj"});
}

}  // namespace podium::model
