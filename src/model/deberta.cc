// DeBERTa v2 and v3 (He et al. 2021, arXiv 2006.03654 and 2111.09543): BERT's layers with attention
// that also compares contents with relative positions. mxbai-rerank-{xsmall,base,large}-v1.
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
  const std::string self = base + "attention.self.";
  return {
      .query_key_value = {{self + "query_proj", 0, hidden, hidden},
                          {self + "key_proj", 0, hidden, hidden},
                          {self + "value_proj", 0, hidden, hidden}},
      .attention_output = {base + "attention.output.dense"},
      .attention_norm = base + "attention.output.LayerNorm",
      .up = {{base + "intermediate.dense", 0, config.intermediate_size, config.intermediate_size}},
      .down = {base + "output.dense"},
      .feed_forward_norm = base + "output.LayerNorm"};
}

struct Options {
  bool relative_attention = false;
  bool position_biased_input = true;
  bool share_att_key = false;
  bool content_to_position = false;
  bool position_to_content = false;
  bool normalize_positions = false;
  std::size_t buckets = 0;  // 0: every distance is a class of its own
  std::size_t max_distance = 0;
  std::size_t span() const { return buckets > 0 ? buckets : max_distance; }
};

// "p2c|c2p" or ["p2c", "c2p"].
std::vector<std::string> read_position_terms(const hub::ModelConfig& config, hub::Fields& fields) {
  std::vector<std::string> terms;
  const auto value = config.document->root().find("pos_att_type");
  if (const auto text = value ? value->as_string() : std::nullopt) {
    for (std::size_t at = 0; at <= text->size();) {
      const std::size_t end = std::min(text->find('|', at), text->size());
      terms.emplace_back(text->substr(at, end - at));
      at = end + 1;
    }
  } else {
    fields.texts("pos_att_type", terms);
  }
  return terms;
}

// Sizes that transformers writes as -1 where it derives them.
void read_derived(hub::Fields& fields, std::string_view key, std::size_t& out, std::size_t most) {
  double value = -1;
  fields.number(key, value);
  if (value > 0) fields.size(key, out, 1, most);
}

Result<Options> read_options(const hub::ModelConfig& config) {
  hub::Fields fields = config.fields();
  Options options;
  std::string norm = "none";
  std::size_t convolution = 0;
  std::size_t embedding_size = config.hidden_size;
  options.max_distance = config.max_position_embeddings;
  fields.flag("relative_attention", options.relative_attention);
  fields.flag("position_biased_input", options.position_biased_input);
  fields.flag("share_att_key", options.share_att_key);
  fields.text("norm_rel_ebd", norm);
  options.normalize_positions = norm.find("layer_norm") != std::string::npos;
  read_derived(fields, "position_buckets", options.buckets, 1 << 12);
  read_derived(fields, "max_relative_positions", options.max_distance, 1 << 14);
  fields.size("conv_kernel_size", convolution, 0, 1 << 10);
  fields.size("embedding_size", embedding_size, 1, 1 << 16);
  if (convolution > 0) {
    fields.refuse("conv_kernel_size", "asks for a convolution, which Podium does not know",
                  ErrorCode::unsupported);
  }
  if (embedding_size != config.hidden_size) {
    fields.refuse("embedding_size", "differs from hidden_size, which Podium does not know",
                  ErrorCode::unsupported);
  }
  for (const std::string& term : read_position_terms(config, fields)) {
    options.content_to_position |= term == "c2p";
    options.position_to_content |= term == "p2c";
  }
  PODIUM_CHECK(fields.outcome());
  return options;
}

// Distances below half of the buckets are their own class, those beyond share them by their
// logarithm. In float, as PyTorch computes it: the ceiling jumps where an exact result would not.
std::ptrdiff_t bucket_of(std::ptrdiff_t distance, const Options& options) {
  const auto size = std::abs(distance);
  const auto middle = static_cast<std::ptrdiff_t>(options.buckets / 2);
  if (options.buckets == 0 || size <= middle) return distance;
  const auto mid = static_cast<float>(middle);
  const float farthest = std::log(static_cast<float>(options.max_distance - 1) / mid);
  const float steps = std::ceil(std::log(static_cast<float>(size) / mid) / farthest * (mid - 1));
  const auto bucket = static_cast<std::ptrdiff_t>(steps) + middle;
  return distance < 0 ? -bucket : bucket;
}

std::vector<std::int32_t> classes_of(const Options& options, std::size_t longest) {
  std::vector<std::int32_t> classes;
  const auto span = static_cast<std::ptrdiff_t>(options.span());
  const auto farthest = static_cast<std::ptrdiff_t>(longest) - 1;
  for (std::ptrdiff_t distance = -farthest; distance <= farthest; ++distance) {
    const std::ptrdiff_t index = bucket_of(distance, options) + span;
    classes.push_back(
        static_cast<std::int32_t>(std::clamp<std::ptrdiff_t>(index, 0, 2 * span - 1)));
  }
  return classes;
}

// Columns [first, first + head_dim) of rows as a matrix of its own; zeros where `used` is false.
kernels::PackedF32 pack_head(const kernels::Kernels& kernels, const std::vector<float>& rows,
                             std::size_t width, std::size_t first, std::size_t head_dim,
                             bool used) {
  const auto copy = [&](std::size_t row, float* out) {
    for (std::size_t i = 0; i < head_dim; ++i) {
      out[i] = used ? rows[row * width + first + i] : 0.0F;
    }
  };
  return kernels::pack_f32(kernels, rows.size() / width, head_dim, copy, {});
}

Result<std::vector<float>> read_positions(const LoadContext& context, WeightReader& reader,
                                          const Options& options, const std::string& encoder) {
  const std::size_t hidden = context.config.hidden_size;
  const std::size_t rows = 2 * options.span();
  PODIUM_TRY(std::vector<float> positions,
             reader.table(encoder + "rel_embeddings.weight", rows, hidden));
  if (!options.normalize_positions) return positions;
  PODIUM_TRY(const LayerNorm norm, reader.layer_norm(encoder + "LayerNorm", hidden));
  context.kernels.add_layer_norm_f32(positions.data(), nullptr, norm.gamma.data(), norm.beta.data(),
                                     norm.eps, positions.data(), rows, hidden);
  return positions;
}

// What the layer's attention compares contents with: projections of the relative positions.
Result<DisentangledTerms> read_terms(const LoadContext& context, WeightReader& reader,
                                     const Options& options, const Transformer& encoder,
                                     std::size_t layer, const std::string& prefix,
                                     const std::vector<float>& positions) {
  const std::size_t hidden = context.config.hidden_size;
  const std::size_t rows = 2 * options.span();
  std::vector<float> queries;
  std::vector<float> keys;
  if (options.share_att_key) {
    std::tie(queries, keys) = encoder.project_queries_and_keys(layer, positions);
  } else {
    const std::string self = fmt::format("{}layer.{}.attention.self.", prefix, layer);
    const auto project = [&](bool used, const char* name, std::vector<float>& out) -> Result<void> {
      out.resize(rows * hidden);
      if (!used) return {};
      PODIUM_TRY(const Linear linear, reader.linear_f32(self + name, hidden, hidden));
      linear.apply(context.kernels, positions.data(), hidden, rows, out.data(), hidden, nullptr);
      return {};
    };
    PODIUM_CHECK(project(options.content_to_position, "pos_key_proj", keys));
    PODIUM_CHECK(project(options.position_to_content, "pos_query_proj", queries));
  }
  DisentangledTerms terms;
  for (std::size_t head = 0; head < encoder.heads(); ++head) {
    const std::size_t first = head * encoder.head_dim();
    terms.keys.push_back(pack_head(context.kernels, keys, hidden, first, encoder.head_dim(),
                                   options.content_to_position));
    terms.queries.push_back(pack_head(context.kernels, queries, hidden, first, encoder.head_dim(),
                                      options.position_to_content));
  }
  return terms;
}

Result<void> add_relative_positions(const LoadContext& context, WeightReader& reader,
                                    const Options& options, const std::string& prefix,
                                    Transformer& encoder) {
  PODIUM_TRY(const auto positions, read_positions(context, reader, options, prefix));
  std::vector<DisentangledTerms> layers;
  for (std::size_t i = 0; i < encoder.layers(); ++i) {
    PODIUM_TRY(DisentangledTerms terms,
               read_terms(context, reader, options, encoder, i, prefix, positions));
    layers.push_back(std::move(terms));
  }
  encoder.set_disentangled(classes_of(options, encoder.max_length()), std::move(layers));
  return {};
}

}  // namespace

bool matches_deberta(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "deberta-v2";
}

Result<std::unique_ptr<Model>> load_deberta(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  PODIUM_TRY(const Options options, read_options(config));
  PODIUM_TRY(const HeadActivation activation, read_head_activation(config, "pooler_hidden_act"));
  const std::string prefix = name_prefix(context.checkpoint, "deberta.");
  WeightReader reader(context);
  EmbeddingNames names{.word = prefix + "embeddings.word_embeddings.weight",
                       .norm = prefix + "embeddings.LayerNorm"};
  if (options.position_biased_input) {
    names.position = prefix + "embeddings.position_embeddings.weight";
  }
  if (config.type_vocab_size > 0) names.type = prefix + "embeddings.token_type_embeddings.weight";
  PODIUM_TRY(Embeddings embeddings, Embeddings::load(context, reader, names, Positions{}));
  const int terms =
      1 + (options.content_to_position ? 1 : 0) + (options.position_to_content ? 1 : 0);
  const std::size_t head_dim = config.hidden_size / config.num_attention_heads;
  const float scale = 1 / std::sqrt(static_cast<float>(head_dim) * static_cast<float>(terms));
  PODIUM_TRY(auto encoder, Transformer::load(context, reader, {.score_scale = scale},
                                             std::move(embeddings), layer_names, prefix, ""));
  // The terms of a sequence's attention are a table of its length by the classes.
  constexpr std::size_t kLongest = 4096;
  encoder->set_max_length(std::min(encoder->max_length(), kLongest));
  if (options.relative_attention) {
    PODIUM_CHECK(add_relative_positions(context, reader, options, prefix + "encoder.", *encoder));
  }
  if (config.is_bi_encoder) return make_bi_encoder(context, reader, "deberta", std::move(encoder));
  return make_cross_encoder(
      context, reader, "deberta", std::move(encoder),
      {.dense = "pooler.dense", .out = "classifier", .activation = activation});
}

}  // namespace podium::model
