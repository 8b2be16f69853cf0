// RoBERTa under its standard names, which XLM-RoBERTa and CamemBERT share: bge-reranker-*,
// mmarco-mMiniLM, bce-reranker, stsb-roberta.
#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

Positions roberta_positions(const hub::ModelConfig& config) {
  return {.first = static_cast<std::size_t>(config.pad_token_id) + 1,
          .pad_id = config.pad_token_id};
}

bool matches_roberta(const hub::Checkpoint&, const hub::ModelConfig& config) {
  const std::string& type = config.model_type;
  return type == "roberta" || type == "xlm-roberta" || type == "camembert";
}

Result<std::unique_ptr<Model>> load_roberta(const LoadContext& context) {
  const std::string& type = context.config.model_type;
  const std::string prefix = name_prefix(context.checkpoint, "roberta.");
  WeightReader reader(context);
  PODIUM_TRY(auto encoder, PostNormEncoder::load(context, reader, hugging_face_names(prefix),
                                                 roberta_positions(context.config)));
  if (context.config.is_bi_encoder) {
    return make_bi_encoder(context, reader, type, std::move(encoder));
  }
  return make_cross_encoder(context, reader, type, std::move(encoder),
                            {.dense = "classifier.dense", .out = "classifier.out_proj"});
}

}  // namespace podium::model
