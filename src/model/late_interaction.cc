#include "model/late_interaction.h"

#include <algorithm>
#include <cmath>

#include "model/architectures.h"
#include "model/heads.h"

namespace podium::model {

namespace {

constexpr std::size_t kFeatures = 3;  // of a meeting
constexpr std::size_t kBlock = 64;    // rows of a passage that are compared at once
constexpr float kNoMatch = -2;        // less than any cosine

// How many of a sequence's tokens stand for words: all but prefix and special tokens.
std::size_t word_count(std::size_t tokens, std::size_t opening) {
  return tokens - std::min(tokens, opening + 1);
}

std::span<const std::int32_t> words(std::span<const std::int32_t> ids, std::size_t opening) {
  return ids.subspan(std::min(ids.size(), opening), word_count(ids.size(), opening));
}

bool is_last(std::size_t depth) { return depth + 1 == kDepths; }

}  // namespace

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
  hub::Fields opening = interaction.section("opening");
  if (!opening.present()) interaction.refuse("opening", "is missing");
  opening.size("query", query_opening_, 1, config.max_position_embeddings);
  opening.size("document", passage_opening_, 1, config.max_position_embeddings);
  interaction.absorb(opening);
  hub::Fields named = interaction.section("depths");
  std::size_t least = 1;
  for (std::size_t i = 0; i < kDepths; ++i) {
    Depth& depth = depths_[i];
    depth.layer = config.num_hidden_layers;
    depth.size = 128;
    hub::Fields section = named.section(kDepthNames[i]);
    if (!section.present()) named.refuse(kDepthNames[i], "is missing");
    section.size("layer", depth.layer, least, config.num_hidden_layers);
    section.size("size", depth.size, 1, config.hidden_size);
    section.number("margin", depth.margin);
    hub::Fields calibration = section.section("calibration");
    calibration.number("scale", depth.scale);
    calibration.number("bias", depth.bias);
    section.absorb(calibration);
    named.absorb(section);
    least = depth.layer + 1;
    largest_ = std::max(largest_, depth.size);
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
    const std::size_t size = depths_[i].size;
    Head& head = heads_[i];
    PODIUM_TRY(head.query, reader.linear_f32(name + "query", size, hidden));
    PODIUM_TRY(head.document, reader.linear_f32(name + "document", size, hidden));
    if (!is_last(i)) {
      PODIUM_TRY(head.ask, reader.linear_f32(name + "ask", size, hidden, false));
      PODIUM_TRY(head.vector, reader.linear_f32(name + "vector", hidden, hidden));
    }
    PODIUM_TRY(head.query_weight, reader.table(name + "query_weight.weight", 1, hidden));
    PODIUM_TRY(head.document_weight, reader.table(name + "document_weight.weight", 1, hidden));
    PODIUM_TRY(head.linear, reader.table(name + "linear.weight", 1, kFeatures * (i + 1)));
    PODIUM_TRY(head.bias, reader.vector(name + "linear.bias", 1));
  }
  return {};
}

Workspace LateInteraction::make_workspace(std::size_t max_tokens, std::size_t max_length,
                                          int workers) const {
  Workspace workspace = encoder_->make_workspace(max_tokens, max_length, workers);
  const std::size_t block = largest_ + largest_ / sizeof(float) + 3 + max_length;
  const std::size_t matching = kBlock * block + max_length + 2 * output_size();
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
  const kernels::Kernels& kernels = encoder_->kernels();
  const std::size_t hidden = output_size();
  const auto ids = words(batch.token_ids, query_opening_);
  const float* states = workspace.states.data() + query_opening_ * hidden;
  const auto project = [&](const Linear& by, std::vector<float>& to, std::size_t size) {
    to.resize(ids.size() * size);
    by.apply(kernels, states, hidden, ids.size(), to.data(), size, nullptr);
  };
  std::array<std::vector<float>, kDepths> tokens;
  for (std::size_t depth = 0; depth < kDepths; ++depth) {
    read_to(depth, batch, workspace, pool);
    project(heads_[depth].query, tokens[depth], depths_[depth].size);
  }
  std::vector<float> asks;
  for (std::size_t depth = 0; depth < kDepths; ++depth) {
    const std::size_t size = depths_[depth].size;
    if (!is_last(depth)) {
      project(heads_[depth].ask, asks, size);
      for (std::size_t i = 0; i < asks.size(); ++i) tokens[depth][i] += asks[i];
    }
    std::vector<float>& weights = out.weights[depth];
    weights.resize(ids.size());
    double sum = 0;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      to_unit_length(tokens[depth].data() + row * size, size);
      weights[row] = weight(ids[row], states + row * hidden, heads_[depth].query_weight);
      sum += static_cast<double>(weights[row]);
    }
    for (float& one : weights) one = static_cast<float>(static_cast<double>(one) / sum);
    const auto copy = [&](std::size_t row, float* to) {
      std::copy_n(tokens[depth].data() + row * size, size, to);
    };
    out.tokens[depth] = kernels::pack_f32(kernels, ids.size(), size, copy, {});
  }
  out.vector.resize(hidden);
  pool_mean(workspace.states.data(), batch.tokens(), hidden, out.vector.data());
  to_unit_length(out.vector.data(), hidden);
}

void LateInteraction::advance(const batch::PackedBatch& batch,
                              std::span<Interaction* const> passages, Workspace& workspace,
                              ThreadPool& pool, float* logits) const {
  const std::size_t hidden = output_size();
  const std::size_t from = passages.front()->from;
  const std::size_t to = passages.front()->to;
  const bool seen = passages.front()->seen;
  const auto states = [&](std::size_t s) {
    return workspace.states.data() + batch.cu_seqlens[s] * hidden;
  };
  const auto ids = [&](std::size_t s) {
    return std::span(batch.token_ids).subspan(batch.cu_seqlens[s], batch.length(s));
  };
  if (from > 0 && !seen) {
    pool.parallel_for(passages.size(), [&](std::size_t s, int) {
      std::ranges::copy(passages[s]->states, states(s));
    });
  }
  for (std::size_t depth = from; depth < to; ++depth) {
    if (!seen) read_to(depth, batch, workspace, pool);
    pool.parallel_for(passages.size(), [&](std::size_t s, int worker) {
      Interaction& passage = *passages[s];
      meet(depth, seen ? nullptr : states(s), ids(s), passage.kept[depth], *passage.query,
           workspace.scratch[static_cast<std::size_t>(worker)].data(), passage.meetings[depth]);
    });
  }
  pool.parallel_for(passages.size(), [&](std::size_t s, int) {
    Interaction& passage = *passages[s];
    logits[s] = static_cast<float>(logit(to - 1, passage));
    passage.from = to;
    if (passage.keep && !seen) {
      passage.states.assign(states(s), states(s) + batch.length(s) * hidden);
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

float LateInteraction::weight(std::int32_t id, const float* state,
                              const std::vector<float>& learned) const {
  const double factor = std::exp(dot(state, learned.data(), learned.size()));
  return static_cast<float>(static_cast<double>(idf_[static_cast<std::size_t>(id)]) * factor);
}

struct LateInteraction::Block {
  float* scales = nullptr;        // [words]
  float* weights = nullptr;       // [words]
  float* vector = nullptr;        // [hidden_size], of unit length
  std::int8_t* tokens = nullptr;  // [words, size]: a word's unit vector is scale * bytes
};

LateInteraction::Block LateInteraction::block(std::byte* bytes, std::size_t words) const {
  auto* floats = reinterpret_cast<float*>(bytes);
  float* vector = floats + 2 * words;
  return {floats, floats + words, vector, reinterpret_cast<std::int8_t*>(vector + output_size())};
}

std::size_t LateInteraction::state_bytes(std::size_t depth, std::size_t tokens) const {
  const std::size_t words = word_count(tokens, passage_opening_);
  return (2 * words + output_size()) * sizeof(float) + words * depths_[depth].size;
}

// Some words' vectors and weights. values: [words, size], for scratch.
void LateInteraction::encode_words(std::size_t depth, const float* states,
                                   std::span<const std::int32_t> ids, float* values,
                                   const Block& out) const {
  constexpr float kLargest = 127;
  constexpr float kRound = 12582912;  // 1.5 * 2^23: what is added to it loses its fraction
  const std::size_t size = depths_[depth].size;
  const std::size_t hidden = output_size();
  const Head& head = heads_[depth];
  head.document.apply(encoder_->kernels(), states, hidden, ids.size(), values, size, nullptr);
  for (std::size_t row = 0; row < ids.size(); ++row) {
    out.weights[row] = weight(ids[row], states + row * hidden, head.document_weight);
    float* x = values + row * size;
    to_unit_length(x, size);
    float largest = 0;
    for (std::size_t i = 0; i < size; ++i) largest = std::max(largest, std::abs(x[i]));
    out.scales[row] = largest / kLargest;
    const float divisor = largest > 0 ? out.scales[row] : 1;
    for (std::size_t i = 0; i < size; ++i) {
      const float whole = x[i] / divisor + kRound - kRound;
      out.tokens[row * size + i] = static_cast<std::int8_t>(static_cast<int>(whole));
    }
  }
}

// The passage's vector: at the last depth the bi-encoder's, before it what
// leads there from the mean of its words' states. scratch: [hidden_size].
void LateInteraction::encode_vector(std::size_t depth, const float* states, std::size_t tokens,
                                    float* out, float* scratch) const {
  const std::size_t hidden = output_size();
  const std::size_t words = word_count(tokens, passage_opening_);
  if (is_last(depth)) {
    pool_mean(states, tokens, hidden, out);
  } else {
    std::fill_n(scratch, hidden, 0.0F);
    if (words > 0) pool_mean(states + passage_opening_ * hidden, words, hidden, scratch);
    heads_[depth].vector.apply(encoder_->kernels(), scratch, hidden, 1, out, hidden, nullptr);
  }
  to_unit_length(out, hidden);
}

// states: from the encoder, to be kept if there is a block; null: they are in
// the block.
void LateInteraction::meet(std::size_t depth, const float* states,
                           std::span<const std::int32_t> ids, std::byte* kept,
                           const InteractionQuery& query, float* scratch, Meeting& out) const {
  const auto text = words(ids, passage_opening_);
  const std::size_t size = depths_[depth].size;
  const std::size_t hidden = output_size();
  const std::size_t asked = query.weights[depth].size();
  float* vector = scratch;
  float* values = vector + 2 * hidden;
  float* cosines = values + kBlock * size;
  float* best = cosines + kBlock * asked;
  float* rest = best + asked;
  Block part{rest, rest + kBlock, vector, reinterpret_cast<std::int8_t*>(rest + 2 * kBlock)};
  const Block whole = kept == nullptr ? part : block(kept, text.size());
  std::fill_n(best, asked, kNoMatch);
  double found = 0;
  double total = 0;
  for (std::size_t first = 0; first < text.size(); first += kBlock) {
    const std::size_t rows = std::min(kBlock, text.size() - first);
    if (kept != nullptr) {
      part = {whole.scales + first, whole.weights + first, vector, whole.tokens + first * size};
    }
    if (states != nullptr) {
      encode_words(depth, states + (passage_opening_ + first) * hidden, text.subspan(first, rows),
                   values, part);
    }
    for (std::size_t i = 0; i < rows * size; ++i) values[i] = static_cast<float>(part.tokens[i]);
    encoder_->kernels().gemm_f32(values, size, rows, query.tokens[depth], cosines, asked);
    for (std::size_t row = 0; row < rows; ++row) {
      const float* cosine = cosines + row * asked;
      float nearest = kNoMatch;
      for (std::size_t i = 0; i < asked; ++i) {
        const float scaled = part.scales[row] * cosine[i];
        best[i] = std::max(best[i], scaled);
        nearest = std::max(nearest, scaled);
      }
      found += static_cast<double>(part.weights[row]) * static_cast<double>(nearest);
      total += static_cast<double>(part.weights[row]);
    }
  }
  if (states != nullptr) {
    encode_vector(depth, states, ids.size(), whole.vector, scratch + hidden);
  }
  const bool both = asked > 0 && !text.empty();
  out.match = both ? dot(best, query.weights[depth].data(), asked) : 0;
  out.reverse = both && total > 0 ? found / total : 0;
  out.cosine = dot(whole.vector, query.vector.data(), hidden);
}

double LateInteraction::logit(std::size_t depth, const Interaction& passage) const {
  const Head& head = heads_[depth];
  double sum = static_cast<double>(head.bias[0]);
  for (std::size_t i = 0; i <= depth; ++i) {
    const Meeting& meeting = passage.meetings[i];
    const float* linear = head.linear.data() + i * kFeatures;
    sum += static_cast<double>(linear[0]) * meeting.match +
           static_cast<double>(linear[1]) * meeting.reverse +
           static_cast<double>(linear[2]) * meeting.cosine;
  }
  return depths_[depth].scale * sum + depths_[depth].bias;
}

bool matches_late_interaction(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.is_late_interaction;
}

Result<std::unique_ptr<Model>> load_late_interaction(const LoadContext& context) {
  return LateInteraction::load(context);
}

}  // namespace podium::model
