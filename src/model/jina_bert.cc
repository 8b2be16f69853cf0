// JinaBERT (Günther et al. 2023, arXiv 2310.19923): BERT with ALiBi (Press et al. 2022, arXiv
// 2108.12409) instead of positions and a gated feed-forward. jina-reranker-v1-turbo-en and
// -tiny-en, jina-embeddings-v2. Its config.json says "bert", so the other fields decide.
#include <bit>
#include <cmath>

#include "model/architectures.h"
#include "model/heads.h"
#include "model/transformer.h"

namespace podium::model {

namespace {

TransformerLayerNames layer_names(const std::string& prefix, std::size_t layer,
                                  const hub::ModelConfig& config) {
  const std::size_t hidden = config.hidden_size;
  const std::size_t inner = config.intermediate_size;
  const std::string base = fmt::format("{}encoder.layer.{}.", prefix, layer);
  const std::string self = base + "attention.self.";
  return {.query_key_value = {{self + "query", 0, hidden, hidden},
                              {self + "key", 0, hidden, hidden},
                              {self + "value", 0, hidden, hidden}},
          .attention_output = {base + "attention.output.dense"},
          .attention_norm = base + "attention.output.LayerNorm",
          .up = {{base + "mlp.gated_layers", 0, 2 * inner, 2 * inner, false}},  // the gate first
          .down = {base + "mlp.wo"},
          .feed_forward_norm = base + "mlp.layernorm"};
}

// Of 2^k heads the slopes are 2^(-8 (i + 1) / 2^k); others take the missing ones from twice as
// many.
std::vector<double> slopes_of(std::size_t heads) {
  const std::size_t power = std::bit_floor(heads);
  std::vector<double> slopes;
  slopes.reserve(heads);
  for (std::size_t i = 0; i < power; ++i) {
    slopes.push_back(std::exp2(-8.0 * static_cast<double>(i + 1) / static_cast<double>(power)));
  }
  for (std::size_t i = 0; slopes.size() < heads; i += 2) {
    slopes.push_back(std::exp2(-8.0 * static_cast<double>(i + 1) / static_cast<double>(2 * power)));
  }
  return slopes;
}

std::vector<float> alibi(std::size_t heads, std::size_t span) {
  std::vector<float> bias;
  bias.reserve(heads * (2 * span - 1));
  for (const double slope : slopes_of(heads)) {
    for (std::size_t i = 0; i < 2 * span - 1; ++i) {
      const double distance = static_cast<double>(i) - static_cast<double>(span - 1);
      bias.push_back(static_cast<float>(-slope * std::abs(distance)));
    }
  }
  return bias;
}

}  // namespace

bool matches_jina_bert(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.position_embedding_type == "alibi";
}

Result<std::unique_ptr<Model>> load_jina_bert(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  hub::Fields fields = config.fields();
  std::string feed_forward = "original";
  fields.text("feed_forward_type", feed_forward);
  if (feed_forward != "geglu") {
    fields.refuse_unknown("feed_forward_type", feed_forward, "Known: geglu.");
  }
  PODIUM_CHECK(fields.outcome());
  const std::string prefix = name_prefix(context.checkpoint, "bert.");
  WeightReader reader(context);
  PODIUM_TRY(Embeddings embeddings,
             Embeddings::load(context, reader,
                              {.word = prefix + "embeddings.word_embeddings.weight",
                               .type = prefix + "embeddings.token_type_embeddings.weight",
                               .norm = prefix + "embeddings.LayerNorm"},
                              Positions{}));
  PODIUM_TRY(auto encoder, Transformer::load(context, reader, {.gated = true},
                                             std::move(embeddings), layer_names, prefix, ""));
  encoder->set_distance_bias(alibi(config.num_attention_heads, encoder->max_length()));
  if (config.is_bi_encoder) {
    return make_bi_encoder(context, reader, "jina-bert", std::move(encoder));
  }
  return make_cross_encoder(context, reader, "jina-bert", std::move(encoder),
                            {.dense = prefix + "pooler.dense", .out = "classifier"});
}

}  // namespace podium::model
