// XLM-RoBERTa under its standard names: bge-reranker-*, mmarco-mMiniLM, bce-reranker.
#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

Positions roberta_positions(const hub::ModelConfig& config) {
  return {.first = static_cast<std::size_t>(config.pad_token_id) + 1,
          .pad_id = config.pad_token_id};
}

bool matches_xlm_roberta(const hub::Checkpoint& checkpoint, const hub::ModelConfig& config) {
  return config.model_type == "xlm-roberta" &&
         (checkpoint.find("roberta.embeddings.LayerNorm.weight") != nullptr ||
          checkpoint.find("embeddings.LayerNorm.weight") != nullptr);
}

Result<std::unique_ptr<Model>> load_xlm_roberta(const LoadContext& context) {
  const bool prefixed = context.checkpoint.find("roberta.embeddings.LayerNorm.weight") != nullptr;
  const EncoderNames names = hugging_face_names(prefixed ? "roberta." : "");
  const Positions positions = roberta_positions(context.config);
  if (context.config.is_bi_encoder) {
    return make_bi_encoder(context, "xlm-roberta", names, positions);
  }
  return make_cross_encoder(context, "xlm-roberta", names, positions, "classifier.dense",
                            "classifier.out_proj");
}

}  // namespace podium::model
