// ModernBERT (Warner et al. 2024, arXiv 2412.13663): norms in front, rotary positions, a gated
// feed-forward, no biases, and all but every n-th layer looking at a window only.
// gte-reranker-modernbert-base, granite-embedding-reranker-english-r2.
#include "model/architectures.h"
#include "model/heads.h"
#include "model/transformer.h"

namespace podium::model {

namespace {

TransformerLayerNames layer_names(const std::string& prefix, std::size_t layer,
                                  const hub::ModelConfig& config) {
  const std::size_t hidden = config.hidden_size;
  const std::size_t inner = config.intermediate_size;
  const std::string base = fmt::format("{}layers.{}.", prefix, layer);
  return {.query_key_value = {{base + "attn.Wqkv", 0, 3 * hidden, 3 * hidden, false}},
          .attention_output = {.name = base + "attn.Wo", .bias = false},
          .attention_norm = layer == 0 ? "" : base + "attn_norm",
          .up = {{base + "mlp.Wi", 0, 2 * inner, 2 * inner, false}},  // the gate first
          .down = {.name = base + "mlp.Wo", .bias = false},
          .feed_forward_norm = base + "mlp_norm"};
}

struct Options {
  std::size_t global_every = 3;
  std::size_t local_attention = 128;
  double global_theta = 160000;
  double local_theta = 10000;
  hub::Pooling pooling = hub::Pooling::first;
};

Result<Options> read_options(const hub::ModelConfig& config) {
  hub::Fields fields = config.fields();
  Options options;
  std::string pooling = "cls";
  fields.size("global_attn_every_n_layers", options.global_every, 1, 1 << 10);
  fields.size("local_attention", options.local_attention, 1, 1 << 24);
  fields.number("global_rope_theta", options.global_theta);
  fields.number("local_rope_theta", options.local_theta);
  fields.text("classifier_pooling", pooling);
  if (!(options.global_theta > 0)) fields.refuse("global_rope_theta", "must be above 0");
  if (!(options.local_theta > 0)) fields.refuse("local_rope_theta", "must be above 0");
  if (pooling == "mean") {
    options.pooling = hub::Pooling::mean;
  } else if (pooling != "cls") {
    fields.refuse_unknown("classifier_pooling", pooling, "It is \"cls\" or \"mean\".");
  }
  for (const auto* key : {"attention_bias", "mlp_bias", "norm_bias", "classifier_bias"}) {
    bool bias = false;
    fields.flag(key, bias);
    if (bias) fields.refuse(key, "is true, which Podium does not know", ErrorCode::unsupported);
  }
  PODIUM_CHECK(fields.outcome());
  return options;
}

}  // namespace

bool matches_modernbert(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "modernbert";
}

Result<std::unique_ptr<Model>> load_modernbert(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  PODIUM_TRY(const Options options, read_options(config));
  PODIUM_TRY(const HeadActivation activation,
             read_head_activation(config, "classifier_activation"));
  const std::string prefix =
      name_prefix(context.checkpoint, "model.", "embeddings.tok_embeddings.weight");
  WeightReader reader(context);
  PODIUM_TRY(Embeddings embeddings,
             Embeddings::load(context, reader,
                              {.word = prefix + "embeddings.tok_embeddings.weight",
                               .norm = prefix + "embeddings.norm",
                               .norm_bias = false},
                              Positions{}));
  PODIUM_TRY(
      auto encoder,
      Transformer::load(context, reader, {.norm_first = true, .norm_bias = false, .gated = true},
                        std::move(embeddings), layer_names, prefix, prefix + "final_norm"));
  const auto rotary = [&](double theta) {
    return std::make_shared<const Rotary>(Rotary::frequencies(encoder->head_dim(), theta),
                                          encoder->max_length());
  };
  const auto global = rotary(options.global_theta);
  const auto local = rotary(options.local_theta);
  for (std::size_t i = 0; i < encoder->layers(); ++i) {
    const bool is_global = i % options.global_every == 0;
    encoder->set_rotary(i, is_global ? global : local);
    if (!is_global) encoder->set_window(i, options.local_attention / 2);
  }
  if (config.is_bi_encoder) {
    return make_bi_encoder(context, reader, "modernbert", std::move(encoder));
  }
  return make_cross_encoder(context, reader, "modernbert", std::move(encoder),
                            {.dense = "head.dense",
                             .out = "classifier",
                             .activation = activation,
                             .dense_bias = false,
                             .norm = "head.norm",
                             .pooling = options.pooling});
}

}  // namespace podium::model
