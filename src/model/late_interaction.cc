#include "model/late_interaction.h"

#include <algorithm>
#include <cmath>

#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

namespace {

constexpr std::size_t kInner = 16;         // of a scorer
constexpr std::size_t kPlainFeatures = 3;  // that every depth has
constexpr std::size_t kBlock = 64;         // rows of a passage that are compared at once

// Where one more occurrence of a word counts half of what the first did (BM25's k1).
constexpr double kSaturation = 1.2;

std::size_t features_of(std::size_t depth) {
  return kPlainFeatures + depth + 1 + (depth + 1 == kDepths ? 1 : 0);
}

void softmax(std::vector<float>& x) {
  const float largest = *std::ranges::max_element(x);
  double sum = 0;
  for (float& value : x) sum += static_cast<double>(value = std::exp(value - largest));
  for (float& value : x) value = static_cast<float>(static_cast<double>(value) / sum);
}

}  // namespace

double LateInteraction::Scorer::logit(std::span<const double> features) const {
  double sum = static_cast<double>(bias[0]);
  for (std::size_t i = 0; i < features.size(); ++i) {
    sum += static_cast<double>(linear[i]) * features[i];
  }
  for (std::size_t row = 0; row < up_bias.size(); ++row) {
    double x = static_cast<double>(up_bias[row]);
    for (std::size_t i = 0; i < features.size(); ++i) {
      x += static_cast<double>(up[row * features.size() + i]) * features[i];
    }
    sum += static_cast<double>(down[row]) * x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  }
  return sum;
}

Result<std::unique_ptr<Model>> LateInteraction::load(const LoadContext& context) {
  auto model = std::make_unique<LateInteraction>();
  PODIUM_CHECK(model->read_config(context.config));
  WeightReader reader(context);
  PODIUM_TRY(model->encoder_,
             PostNormEncoder::load(context, reader, hugging_face_names(""), Positions{}));
  PODIUM_CHECK(model->read_heads(reader, context.config));
  model->description_ = describe(reader, *model->encoder_, "late-interaction", true);
  return model;
}

Result<void> LateInteraction::read_config(const hub::ModelConfig& config) {
  hub::Fields fields = config.fields();
  hub::Fields podium = fields.section("podium");
  hub::Fields interaction = podium.section("interaction");
  size_ = 128;
  lead_tokens_ = 3;
  interaction.size("size", size_, 1, config.hidden_size);
  interaction.size("lead_tokens", lead_tokens_, 1, config.max_position_embeddings);
  hub::Fields named = interaction.section("depths");
  std::size_t least = 1;
  for (std::size_t i = 0; i < kDepths; ++i) {
    Depth& depth = depths_[i];
    depth.layer = config.num_hidden_layers;
    hub::Fields section = named.section(kDepthNames[i]);
    if (!section.present()) named.refuse(kDepthNames[i], "is missing");
    section.size("layer", depth.layer, least, config.num_hidden_layers);
    section.number("margin", depth.margin);
    hub::Fields calibration = section.section("calibration");
    calibration.number("scale", depth.scale);
    calibration.number("bias", depth.bias);
    section.absorb(calibration);
    named.absorb(section);
    least = depth.layer + 1;
  }
  if (depths_.back().layer != config.num_hidden_layers) {
    named.refuse(kDepthNames.back(), "must read the last layer");
  }
  interaction.absorb(named);
  podium.absorb(interaction);
  fields.absorb(podium);
  return fields.outcome();
}

Result<void> LateInteraction::read_heads(WeightReader& reader, const hub::ModelConfig& config) {
  const std::size_t hidden = config.hidden_size;
  PODIUM_TRY(idf_, reader.vector("interaction.idf", config.vocab_size));
  for (std::size_t i = 0; i < kDepths; ++i) {
    const std::string name = fmt::format("interaction.{}.", kDepthNames[i]);
    const std::size_t features = features_of(i);
    Head& head = heads_[i];
    PODIUM_TRY(head.project, reader.linear_f32(name + "project", size_, hidden));
    PODIUM_TRY(head.weigh, reader.table(name + "weigh.weight", 1, hidden));
    PODIUM_TRY(head.scorer.linear, reader.table(name + "linear.weight", 1, features));
    PODIUM_TRY(head.scorer.bias, reader.vector(name + "linear.bias", 1));
    PODIUM_TRY(head.scorer.up, reader.table(name + "up.weight", kInner, features));
    PODIUM_TRY(head.scorer.up_bias, reader.vector(name + "up.bias", kInner));
    PODIUM_TRY(head.scorer.down, reader.table(name + "down.weight", 1, kInner));
  }
  return {};
}

Workspace LateInteraction::make_workspace(std::size_t max_tokens, std::size_t max_length,
                                          int workers) const {
  Workspace workspace = encoder_->make_workspace(max_tokens, max_length, workers);
  const std::size_t matching = kBlock * (size_ + size_ / sizeof(float) + 2 + max_length) +
                               max_length + Linear::scratch_floats(kBlock, encoder_->hidden_size());
  for (auto& scratch : workspace.scratch) {
    if (scratch.size() < matching) scratch = AlignedBuffer<float>(matching);
  }
  return workspace;
}

void LateInteraction::forward(const batch::PackedBatch& batch, Workspace& workspace,
                              ThreadPool& pool, float* out) const {
  encoder_->forward(batch, Rows::all, workspace, pool);
  const std::size_t hidden = output_size();
  pool.parallel_for(batch.sequences(), [&](std::size_t s, int) {
    pool_mean(workspace.states.data() + batch.cu_seqlens[s] * hidden, batch.length(s), hidden,
              out + s * hidden);
    to_unit_length(out + s * hidden, hidden);
  });
}

void LateInteraction::encode_query(const batch::PackedBatch& batch, Workspace& workspace,
                                   ThreadPool& pool, InteractionQuery& out) const {
  const std::size_t hidden = output_size();
  const float* states = workspace.states.data();
  out.length = batch.tokens();
  std::vector<float> projected(out.length * size_);
  for (std::size_t depth = 0; depth < kDepths; ++depth) {
    read_to(depth, batch, workspace, pool);
    for (std::size_t row = 0; row < out.length; row += kBlock) {
      project(depth, states + row * hidden, std::min(kBlock, out.length - row),
              projected.data() + row * size_, workspace.scratch.front().data());
    }
    const auto copy = [&](std::size_t row, float* to) {
      std::copy_n(projected.data() + row * size_, size_, to);
    };
    out.tokens[depth] = kernels::pack_f32(encoder_->kernels(), out.length, size_, copy, {});
    std::vector<float>& weights = out.weights[depth];
    weights.resize(out.length);
    for (std::size_t row = 0; row < out.length; ++row) {
      weights[row] =
          static_cast<float>(dot(states + row * hidden, heads_[depth].weigh.data(), hidden));
    }
    softmax(weights);
  }
  out.vector.resize(hidden);
  pool_mean(states, out.length, hidden, out.vector.data());
  to_unit_length(out.vector.data(), hidden);
  const auto ids = words(batch.token_ids);
  std::vector<std::int32_t> distinct(ids.begin(), ids.end());
  std::ranges::sort(distinct);
  const auto repeats = std::ranges::unique(distinct);
  distinct.erase(repeats.begin(), repeats.end());
  out.terms.clear();
  out.terms.reserve(distinct.size());
  for (const std::int32_t id : distinct) {
    out.terms.emplace_back(id, idf_[static_cast<std::size_t>(id)]);
  }
}

void LateInteraction::advance(const batch::PackedBatch& batch,
                              std::span<Interaction* const> passages, Workspace& workspace,
                              ThreadPool& pool, float* logits) const {
  const std::size_t hidden = output_size();
  const std::size_t from = passages.front()->from;
  const std::size_t to = passages.front()->to;
  const auto states = [&](std::size_t s) {
    return workspace.states.data() + batch.cu_seqlens[s] * hidden;
  };
  const bool seen = passages.front()->seen;
  if (from > 0 && !seen) {
    pool.parallel_for(passages.size(), [&](std::size_t s, int) {
      std::ranges::copy(passages[s]->states, states(s));
    });
  }
  for (std::size_t depth = from; depth < to; ++depth) {
    if (!seen) read_to(depth, batch, workspace, pool);
    pool.parallel_for(passages.size(), [&](std::size_t s, int worker) {
      float* scratch = workspace.scratch[static_cast<std::size_t>(worker)].data();
      Interaction& passage = *passages[s];
      const float* from_encoder = seen ? nullptr : states(s);
      passage.matches[depth] =
          match(depth, from_encoder, batch.length(s), passage.kept[depth], *passage.query, scratch);
      if (!has_vector(depth)) return;
      passage.cosine = cosine(depth, from_encoder, batch.length(s), passage.kept[depth],
                              *passage.query, scratch);
    });
  }
  pool.parallel_for(passages.size(), [&](std::size_t s, int) {
    Interaction& passage = *passages[s];
    const std::size_t length = batch.length(s);
    if (from == 0) {
      passage.repeated =
          repeated(std::span(batch.token_ids).subspan(batch.cu_seqlens[s], length), *passage.query);
    }
    logits[s] = static_cast<float>(logit(to - 1, passage, length));
    passage.from = to;
    if (passage.keep && !seen) {
      passage.states.assign(states(s), states(s) + length * hidden);
    } else {
      passage.states = {};
    }
  });
}

// The layers of a depth, from where the one before it ended.
void LateInteraction::read_to(std::size_t depth, const batch::PackedBatch& batch,
                              Workspace& workspace, ThreadPool& pool) const {
  const std::size_t done = depth == 0 ? 0 : depths_[depth - 1].layer;
  encoder_->forward_layers(batch, done, depths_[depth].layer, Rows::all, workspace, pool);
}

// Unit vectors [rows, size] of at most kBlock states.
void LateInteraction::project(std::size_t depth, const float* states, std::size_t rows, float* out,
                              float* scratch) const {
  heads_[depth].project.apply(encoder_->kernels(), states, output_size(), rows, out, size_,
                              scratch);
  for (std::size_t row = 0; row < rows; ++row) to_unit_length(out + row * size_, size_);
}

struct LateInteraction::Block {
  float* scales = nullptr;        // [tokens]
  float* vector = nullptr;        // [hidden_size], the passage's, where the depth has one
  std::int8_t* tokens = nullptr;  // [tokens, size]: a token's unit vector is scale * bytes
};

LateInteraction::Block LateInteraction::block(std::byte* bytes, std::size_t depth,
                                              std::size_t tokens) const {
  auto* floats = reinterpret_cast<float*>(bytes);
  float* behind = floats + tokens + (has_vector(depth) ? output_size() : 0);
  return {floats, floats + tokens, reinterpret_cast<std::int8_t*>(behind)};
}

std::size_t LateInteraction::state_bytes(std::size_t depth, std::size_t tokens) const {
  const std::size_t floats = tokens + (has_vector(depth) ? output_size() : 0);
  return floats * sizeof(float) + tokens * size_;
}

void LateInteraction::quantise(const float* vectors, std::size_t rows, const Block& out) const {
  constexpr float kLargest = 127;
  constexpr float kRound = 12582912;  // 1.5 * 2^23: what is added to it loses its fraction
  for (std::size_t row = 0; row < rows; ++row) {
    const float* x = vectors + row * size_;
    float largest = 0;
    for (std::size_t i = 0; i < size_; ++i) largest = std::max(largest, std::abs(x[i]));
    out.scales[row] = largest / kLargest;
    const float divisor = largest > 0 ? largest : 1;
    for (std::size_t i = 0; i < size_; ++i) {
      const float whole = x[i] * kLargest / divisor + kRound - kRound;
      out.tokens[row * size_ + i] = static_cast<std::int8_t>(static_cast<int>(whole));
    }
  }
}

// states: from the encoder, to be kept in the block if there is one; null: they are in the block.
double LateInteraction::match(std::size_t depth, const float* states, std::size_t rows,
                              std::byte* kept, const InteractionQuery& query,
                              float* scratch) const {
  float* values = scratch;
  float* cosines = values + kBlock * size_;
  float* best = cosines + kBlock * query.length;
  Block part{.scales = best + query.length};
  part.tokens = reinterpret_cast<std::int8_t*>(part.scales + kBlock);
  float* rest = part.scales + kBlock + kBlock * (size_ / sizeof(float) + 1);
  const Block whole = kept == nullptr ? Block{} : block(kept, depth, rows);
  std::fill_n(best, query.length, -2.0F);  // less than any cosine
  for (std::size_t first = 0; first < rows; first += kBlock) {
    const std::size_t count = std::min(kBlock, rows - first);
    if (kept != nullptr) {
      part.scales = whole.scales + first;
      part.tokens = whole.tokens + first * size_;
    }
    if (states != nullptr) {
      project(depth, states + first * output_size(), count, values, rest);
      quantise(values, count, part);
    }
    for (std::size_t i = 0; i < count * size_; ++i) values[i] = static_cast<float>(part.tokens[i]);
    encoder_->kernels().gemm_f32(values, size_, count, query.tokens[depth], cosines, query.length);
    for (std::size_t row = 0; row < count; ++row) {
      const float* cosine = cosines + row * query.length;
      const float scale = part.scales[row];
      for (std::size_t i = 0; i < query.length; ++i) best[i] = std::max(best[i], scale * cosine[i]);
    }
  }
  return dot(best, query.weights[depth].data(), query.length);
}

double LateInteraction::cosine(std::size_t depth, const float* states, std::size_t rows,
                               std::byte* kept, const InteractionQuery& query,
                               float* scratch) const {
  float* vector = kept == nullptr ? scratch : block(kept, depth, rows).vector;
  if (states != nullptr) {
    pool_mean(states, rows, output_size(), vector);
    to_unit_length(vector, output_size());
  }
  return dot(vector, query.vector.data(), output_size());
}

// A sequence's ids without prefix and special tokens.
std::span<const std::int32_t> LateInteraction::words(std::span<const std::int32_t> ids) const {
  if (ids.size() <= lead_tokens_ + 1) return {};
  return ids.subspan(lead_tokens_, ids.size() - lead_tokens_ - 1);
}

// The share of the query's distinct words that the passage repeats, weighted by idf; up to 2.2,
// since repetitions count a little.
double LateInteraction::repeated(std::span<const std::int32_t> ids,
                                 const InteractionQuery& query) const {
  double found = 0;
  double total = 0;
  const auto text = words(ids);
  for (const auto& [id, idf] : query.terms) {
    const auto count = static_cast<double>(std::ranges::count(text, id));
    found += static_cast<double>(idf) * count * (kSaturation + 1) / (count + kSaturation);
    total += static_cast<double>(idf);
  }
  return found / std::max(total, 1e-6);
}

double LateInteraction::logit(std::size_t depth, const Interaction& passage,
                              std::size_t length) const {
  std::array<double, kPlainFeatures + kDepths + 1> features{
      passage.repeated, std::log(static_cast<double>(passage.query->length)),
      std::log(static_cast<double>(length))};
  std::size_t count = kPlainFeatures;
  for (std::size_t i = 0; i <= depth; ++i) features[count++] = passage.matches[i];
  if (has_vector(depth)) features[count++] = passage.cosine;
  const double raw = heads_[depth].scorer.logit(std::span(features).first(count));
  return depths_[depth].scale * raw + depths_[depth].bias;
}

bool matches_late_interaction(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.is_late_interaction;
}

Result<std::unique_ptr<Model>> load_late_interaction(const LoadContext& context) {
  return LateInteraction::load(context);
}

}  // namespace podium::model
