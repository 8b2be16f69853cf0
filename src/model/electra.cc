// ELECTRA (Clark et al. 2020, arXiv 2003.10555): BERT with another head, and
// in its small size with narrower embeddings. ms-marco-electra-base.
#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

bool matches_electra(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "electra";
}

Result<std::unique_ptr<Model>> load_electra(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  hub::Fields fields = config.fields();
  std::size_t embedding_size = 128;
  fields.size("embedding_size", embedding_size, 1, 1 << 16);
  PODIUM_CHECK(fields.outcome());
  if (embedding_size > config.hidden_size) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} has embeddings of {} numbers before layers of {}", config.what,
                            embedding_size, config.hidden_size),
                "ELECTRA's are as wide as its layers, or narrower.");
  }
  const std::string prefix = name_prefix(context.checkpoint, "electra.");
  WeightReader reader(context);
  EncoderNames names = hugging_face_names(prefix);
  if (embedding_size < config.hidden_size) {
    names.embeddings.projection = prefix + "embeddings_project";
    names.embeddings.width = embedding_size;
  }
  PODIUM_TRY(auto encoder, PostNormEncoder::load(context, reader, names, Positions{}));
  if (config.is_bi_encoder) return make_bi_encoder(context, reader, "electra", std::move(encoder));
  return make_cross_encoder(context, reader, "electra", std::move(encoder),
                            {.dense = "classifier.dense",
                             .out = "classifier.out_proj",
                             .activation = HeadActivation::gelu});
}

}  // namespace podium::model
