#include "model/qwen.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace podium::model {

namespace {

// Longer prefixes are kept only so far: the bound on the memory for them.
constexpr std::size_t kLongestPrefix = 512;
// Shorter ones are not worth a pass of their own.
constexpr std::size_t kShortestPrefix = 16;
// A kept prefix is used though a batch shares a little more.
constexpr std::size_t kSlack = 32;

struct Options {
  std::size_t key_value_heads = 0;
  std::size_t head_dim = 0;
  double rope_theta = 10000;
  std::optional<Rotary::Yarn> yarn;
  double rotary_scale = 1;
};

// "rope_scaling" of the kind yarn, with transformers' defaults.
void read_yarn(hub::Fields& fields, const hub::ModelConfig& config, Options& options) {
  hub::Fields scaling = fields.section("rope_scaling");
  if (!scaling.present()) return;
  std::string type;
  Rotary::Yarn yarn{.trained_positions = static_cast<double>(config.max_position_embeddings)};
  scaling.text("type", type);
  scaling.text("rope_type", type);
  if (type == "default") return;
  if (type != "yarn") scaling.refuse_unknown("rope_type", type, "Known: default, yarn.");
  scaling.number("factor", yarn.factor);
  scaling.number("original_max_position_embeddings", yarn.trained_positions);
  scaling.number("beta_fast", yarn.beta_fast);
  scaling.number("beta_slow", yarn.beta_slow);
  options.rotary_scale = 0.1 * std::log(std::max(yarn.factor, 1.0)) + 1;
  scaling.number("attention_factor", options.rotary_scale);
  for (const auto* key : {"mscale", "mscale_all_dim", "truncate"}) {
    if (scaling.has(key)) scaling.refuse(key, "is not supported", ErrorCode::unsupported);
  }
  if (!(yarn.factor >= 1 && yarn.trained_positions >= 1 && yarn.beta_slow > 0 &&
        yarn.beta_fast > 0 && options.rotary_scale > 0)) {
    scaling.refuse("factor", "and its limits are out of range");
  }
  options.yarn = yarn;
  fields.absorb(scaling);
}

Result<Options> read_options(const hub::ModelConfig& config) {
  hub::Fields fields = config.fields();
  Options options;
  options.key_value_heads = config.num_attention_heads;
  options.head_dim =
      config.model_type == "qwen3" ? 128 : config.hidden_size / config.num_attention_heads;
  bool sliding = false;
  fields.size("num_key_value_heads", options.key_value_heads, 1, config.num_attention_heads);
  fields.size("head_dim", options.head_dim, 2, 1 << 10);
  fields.number("rope_theta", options.rope_theta);
  fields.flag("use_sliding_window", sliding);
  if (!(options.rope_theta > 0)) fields.refuse("rope_theta", "must be above 0");
  if (config.num_attention_heads % options.key_value_heads != 0) {
    fields.refuse("num_key_value_heads", "must divide the number of attention heads");
  }
  if (options.head_dim % 2 != 0) fields.refuse("head_dim", "must be even");
  if (sliding) {
    fields.refuse("use_sliding_window",
                  "is true; Podium knows decoders whose tokens see all before them",
                  ErrorCode::unsupported);
  }
  read_yarn(fields, config, options);
  PODIUM_CHECK(fields.outcome());
  return options;
}

TransformerLayerNames layer_names(const Options& options, const std::string& prefix,
                                  std::size_t layer, const hub::ModelConfig& config) {
  const std::size_t queries = config.num_attention_heads * options.head_dim;
  const std::size_t keys = options.key_value_heads * options.head_dim;
  const std::size_t inner = config.intermediate_size;
  const bool bias = config.model_type == "qwen2";
  const bool norms = config.model_type == "qwen3";
  const std::string base = fmt::format("{}layers.{}.", prefix, layer);
  const std::string self = base + "self_attn.";
  return {.query_key_value = {{self + "q_proj", 0, queries, queries, bias},
                              {self + "k_proj", 0, keys, keys, bias},
                              {self + "v_proj", 0, keys, keys, bias}},
          .attention_output = {.name = self + "o_proj", .bias = false},
          .attention_norm = base + "input_layernorm",
          .up = {{base + "mlp.gate_proj", 0, inner, inner, false},
                 {base + "mlp.up_proj", 0, inner, inner, false}},
          .down = {.name = base + "mlp.down_proj", .bias = false},
          .feed_forward_norm = base + "post_attention_layernorm",
          .query_norm = norms ? self + "q_norm" : "",
          .key_norm = norms ? self + "k_norm" : ""};
}

std::size_t common_length(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  const std::size_t most = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first -
      a.begin());
}

std::span<const std::int32_t> sequence_of(const batch::PackedBatch& batch, std::size_t s) {
  return std::span(batch.token_ids).subspan(batch.cu_seqlens[s], batch.length(s));
}

// How many tokens all sequences begin with, leaving each at least one of its own.
std::size_t shared_length(const batch::PackedBatch& batch) {
  const auto first = sequence_of(batch, 0);
  std::size_t shared = first.size() - 1;
  for (std::size_t s = 1; s < batch.sequences(); ++s) {
    const auto other = sequence_of(batch, s);
    shared = std::min({shared, other.size() - 1, common_length(first, other)});
  }
  return shared;
}

}  // namespace

Result<std::unique_ptr<Transformer>> load_qwen(const LoadContext& context, WeightReader& reader,
                                               const std::string& prefix, std::size_t max_length) {
  PODIUM_TRY(const Options options, read_options(context.config));
  PODIUM_TRY(
      Embeddings embeddings,
      Embeddings::load(context, reader, {.word = prefix + "embed_tokens.weight"}, Positions{}));
  const TransformerShape shape{.key_value_heads = options.key_value_heads,
                               .head_dim = options.head_dim,
                               .norm_first = true,
                               .rms_norm = true,
                               .gated = true,
                               .causal = true};
  const auto names = [&](const std::string& base, std::size_t layer, const auto& config) {
    return layer_names(options, base, layer, config);
  };
  PODIUM_TRY(auto decoder, Transformer::load(context, reader, shape, std::move(embeddings), names,
                                             prefix, prefix + "norm"));
  decoder->set_max_length(std::min(decoder->max_length(), max_length));
  const auto frequencies =
      options.yarn ? Rotary::frequencies(options.head_dim, options.rope_theta, *options.yarn)
                   : Rotary::frequencies(options.head_dim, options.rope_theta);
  const auto rotary =
      std::make_shared<const Rotary>(frequencies, decoder->max_length(), options.rotary_scale);
  for (std::size_t i = 0; i < decoder->layers(); ++i) decoder->set_rotary(i, rotary);
  return decoder;
}

Workspace make_shared_workspace(const Transformer& decoder, std::size_t max_tokens,
                                std::size_t max_length, int workers) {
  Workspace workspace = decoder.make_workspace(max_tokens, max_length, workers);
  workspace.prefix = decoder.make_prefix(std::min(kLongestPrefix, max_length));
  return workspace;
}

void forward_shared(const Transformer& decoder, const batch::PackedBatch& batch, Rows rows,
                    Workspace& workspace, ThreadPool& pool) {
  Prefix& prefix = workspace.prefix;
  const std::size_t shared = std::min(shared_length(batch), prefix.capacity);
  const auto first = sequence_of(batch, 0);
  const std::size_t kept = common_length(prefix.ids, first);
  const bool fits = !prefix.ids.empty() && kept == prefix.ids.size() && kept <= shared;
  if (!fits || shared > kept + kSlack) {
    // One sequence alone shares nothing that is worth keeping, unless it is kept already.
    if (shared < kShortestPrefix || (batch.sequences() == 1 && !fits)) {
      return decoder.forward(batch, rows, workspace, pool);
    }
    if (batch.sequences() > 1) {
      batch::PackedBatch head;
      head.add(first.first(shared), std::vector<std::uint8_t>(shared));
      decoder.encode_prefix(head, prefix, workspace, pool);
    }
  }
  batch::PackedBatch rest;
  for (std::size_t s = 0; s < batch.sequences(); ++s) {
    const auto own = sequence_of(batch, s).subspan(prefix.ids.size());
    rest.add(own, std::vector<std::uint8_t>(own.size()));
  }
  decoder.forward_after(prefix, rest, rows, workspace, pool);
}

}  // namespace podium::model
