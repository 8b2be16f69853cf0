// MPNet (Song et al. 2020, arXiv 2004.09297): BERT's layers with a bias by distance, the same in
// all layers. all-mpnet-base-v2 and cross-encoders made of it.
#include <algorithm>
#include <cmath>

#include "model/architectures.h"
#include "model/heads.h"
#include "model/transformer.h"

namespace podium::model {

namespace {

TransformerLayerNames layer_names(const std::string& prefix, std::size_t layer,
                                  const hub::ModelConfig& config) {
  const std::size_t hidden = config.hidden_size;
  const std::string base = fmt::format("{}encoder.layer.{}.", prefix, layer);
  return {
      .query_key_value = {{base + "attention.attn.q", 0, hidden, hidden},
                          {base + "attention.attn.k", 0, hidden, hidden},
                          {base + "attention.attn.v", 0, hidden, hidden}},
      .attention_output = {base + "attention.attn.o"},
      .attention_norm = base + "attention.LayerNorm",
      .up = {{base + "intermediate.dense", 0, config.intermediate_size, config.intermediate_size}},
      .down = {base + "output.dense"},
      .feed_forward_norm = base + "output.LayerNorm"};
}

// The bucket of a distance, key minus query: half of the buckets for each direction, half of those
// for one distance each, the others growing with its logarithm up to 128 (T5; Raffel et al. 2020,
// arXiv 1910.10683).
std::size_t bucket_of(std::ptrdiff_t distance, std::size_t buckets) {
  constexpr float kFarthest = 128;
  const std::size_t half = buckets / 2;
  const std::size_t exact = half / 2;
  const std::size_t direction = distance > 0 ? half : 0;
  const auto size = static_cast<std::size_t>(std::abs(distance));
  if (size < exact) return direction + size;
  const auto first = static_cast<float>(exact);
  const float steps = std::log(static_cast<float>(size) / first) / std::log(kFarthest / first) *
                      static_cast<float>(half - exact);
  return direction + std::min(half - 1, exact + static_cast<std::size_t>(steps));
}

}  // namespace

bool matches_mpnet(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "mpnet";
}

Result<std::unique_ptr<Model>> load_mpnet(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  hub::Fields fields = config.fields();
  std::size_t buckets = 32;
  fields.size("relative_attention_num_buckets", buckets, 4, 1 << 10);
  PODIUM_CHECK(fields.outcome());
  const std::string prefix = name_prefix(context.checkpoint, "mpnet.");
  WeightReader reader(context);
  PODIUM_TRY(Embeddings embeddings,
             Embeddings::load(context, reader,
                              {.word = prefix + "embeddings.word_embeddings.weight",
                               .position = prefix + "embeddings.position_embeddings.weight",
                               .norm = prefix + "embeddings.LayerNorm"},
                              Positions{.first = 2, .pad_id = 1}));
  PODIUM_TRY(auto encoder, Transformer::load(context, reader, {}, std::move(embeddings),
                                             layer_names, prefix, ""));
  const std::size_t heads = config.num_attention_heads;
  PODIUM_TRY(const auto table,
             reader.table(prefix + "encoder.relative_attention_bias.weight", buckets, heads));
  const std::size_t span = encoder->max_length();
  std::vector<float> bias(heads * (2 * span - 1));
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t i = 0; i < 2 * span - 1; ++i) {
      const auto distance = static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(span - 1);
      bias[head * (2 * span - 1) + i] = table[bucket_of(distance, buckets) * heads + head];
    }
  }
  encoder->set_distance_bias(std::move(bias));
  if (config.is_bi_encoder) return make_bi_encoder(context, reader, "mpnet", std::move(encoder));
  return make_cross_encoder(context, reader, "mpnet", std::move(encoder),
                            {.dense = "classifier.dense", .out = "classifier.out_proj"});
}

}  // namespace podium::model
