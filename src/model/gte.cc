// The "new" model of gte-multilingual-reranker-base and gte-multilingual-base (Zhang et al. 2024,
// arXiv 2407.19669): BERT's order of norms with rotary positions and a gated feed-forward.
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
  return {.query_key_value = {{base + "attention.qkv_proj", 0, 3 * hidden, 3 * hidden}},
          .attention_output = {base + "attention.o_proj"},
          .attention_norm = base + "attn_ln",
          .up = {{base + "mlp.up_gate_proj", inner, inner, 2 * inner, false},  // the gate is behind
                 {base + "mlp.up_gate_proj", 0, inner, 2 * inner, false}},
          .down = {base + "mlp.down_proj"},
          .feed_forward_norm = base + "mlp_ln"};
}

// NTK scaling by a fixed factor: the base times the factor, and all frequencies divided by
// factor^(2 / head_dim), so that the lowest is divided by about the factor and the highest kept.
Result<std::vector<double>> read_frequencies(const hub::ModelConfig& config, std::size_t head_dim) {
  hub::Fields fields = config.fields();
  double base = 10000;
  double factor = 1;
  std::string type = "ntk";
  fields.number("rope_theta", base);
  hub::Fields scaling = fields.section("rope_scaling");
  scaling.text("type", type);
  scaling.number("factor", factor);
  if (type != "ntk") scaling.refuse_unknown("type", type, "Known: ntk.");
  if (scaling.has("mixed_b")) {
    scaling.refuse("mixed_b", "is not supported", ErrorCode::unsupported);
  }
  if (!(base > 0 && factor > 0)) fields.refuse("rope_theta", "and its factor must be above 0");
  fields.absorb(scaling);
  PODIUM_CHECK(fields.outcome());
  return Rotary::frequencies(head_dim, base * factor,
                             std::pow(factor, 2 / static_cast<double>(head_dim)));
}

}  // namespace

bool matches_gte(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "new";
}

Result<std::unique_ptr<Model>> load_gte(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  const std::string prefix = name_prefix(context.checkpoint, "new.");
  WeightReader reader(context);
  EmbeddingNames names{.word = prefix + "embeddings.word_embeddings.weight",
                       .norm = prefix + "embeddings.LayerNorm"};
  if (config.type_vocab_size > 0) names.type = prefix + "embeddings.token_type_embeddings.weight";
  PODIUM_TRY(Embeddings embeddings, Embeddings::load(context, reader, names, Positions{}));
  PODIUM_TRY(auto encoder, Transformer::load(context, reader, {.gated = true},
                                             std::move(embeddings), layer_names, prefix, ""));
  PODIUM_TRY(const auto frequencies, read_frequencies(config, encoder->head_dim()));
  const auto rotary = std::make_shared<const Rotary>(frequencies, encoder->max_length());
  for (std::size_t i = 0; i < encoder->layers(); ++i) encoder->set_rotary(i, rotary);
  if (config.is_bi_encoder) return make_bi_encoder(context, reader, "gte", std::move(encoder));
  return make_cross_encoder(context, reader, "gte", std::move(encoder),
                            {.dense = prefix + "pooler.dense", .out = "classifier"});
}

}  // namespace podium::model
