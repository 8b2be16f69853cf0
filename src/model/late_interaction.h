// Podium's own architecture: a BERT bi-encoder whose token states are compared at several depths.
//
// After the layers of a depth every token's state is projected to a short unit vector. Each token
// of the query looks for its best match among the passage's (MaxSim; Khattab and Zaharia 2020,
// arXiv 2004.12832), the matches are averaged with a weight for each query token, and a small
// network turns the averages of the depths so far, the share of the query's words that the passage
// repeats and both lengths into a logit; at the last depth also the bi-encoder's cosine.
// train/interaction.py is the reference.
//
// All that is needed of a passage's tokens are their short vectors, in bytes with a scale for each
// token: a passage whose block of them was kept is compared again without the encoder, to the bit
// as if it had been encoded.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "model/post_norm_encoder.h"

namespace podium::model {

inline constexpr std::size_t kDepths = 3;
inline constexpr std::array<std::string_view, kDepths> kDepthNames = {"tiny", "turbo", "base"};

// A query as passages meet it: encoded once, then shared.
struct InteractionQuery {
  std::array<kernels::PackedF32, kDepths> tokens;   // unit vectors, a token for each output
  std::array<std::vector<float>, kDepths> weights;  // of the tokens, adding up to one
  std::vector<float> vector;                        // the bi-encoder's, of unit length
  std::vector<std::pair<std::int32_t, float>>
      terms;               // distinct words' ids in order, with their idf
  std::size_t length = 0;  // in tokens, special ones included
};

// What a sequence is encoded for, and how far it has come.
struct Interaction {
  std::shared_ptr<InteractionQuery> answer;       // the sequence is a query: where it goes
  std::shared_ptr<const InteractionQuery> query;  // the sequence is a passage: what it meets
  std::size_t from = 0;                           // depths computed before
  std::size_t to = kDepths;                       // depths computed afterwards
  bool keep = false;                              // it may go on from there
  std::vector<float> states;                      // [tokens, hidden_size] in between
  // Blocks of state_bytes() for the depths [from, to): read if the passage was seen before, else
  // written; null: not kept.
  bool seen = false;
  std::array<std::byte*, kDepths> kept{};
  std::array<double, kDepths> matches{};
  double repeated = 0;
  double cosine = 0;
};

class LateInteraction final : public Model {
 public:
  struct Depth {
    std::size_t layer = 0;  // layers done
    // probability = sigmoid(scale * logit + bias)
    double scale = 1;
    double bias = 0;
    // A passage whose calibrated logit trails another's by more hardly ever overtakes it deeper
    // down; learned on development sets (train/export.py).
    double margin = 0;
  };

  static Result<std::unique_ptr<Model>> load(const LoadContext& context);

  const std::array<Depth, kDepths>& depths() const { return depths_; }

  // One sequence.
  void encode_query(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
                    InteractionQuery& out) const;

  // Bytes of what is kept of a passage at a depth.
  std::size_t state_bytes(std::size_t depth, std::size_t tokens) const;

  // Takes passages that have come equally far, all seen before or none, to the same depth. logits:
  // one calibrated logit for each, of the depth they reach.
  void advance(const batch::PackedBatch& batch, std::span<Interaction* const> passages,
               Workspace& workspace, ThreadPool& pool, float* logits) const;

  // The bi-encoder's unit-length vectors.
  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override;

  std::size_t output_size() const override { return encoder_->hidden_size(); }
  const Description& description() const override { return description_; }
  const LateInteraction* late_interaction() const override { return this; }
  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override;

 private:
  struct Scorer {
    std::vector<float> linear;  // [features]
    std::vector<float> bias;    // [1]
    std::vector<float> up;      // [inner, features]
    std::vector<float> up_bias;
    std::vector<float> down;  // [inner]
    double logit(std::span<const double> features) const;
  };
  struct Head {
    Linear project;
    std::vector<float> weigh;  // [hidden_size]
    Scorer scorer;
  };

  Result<void> read_config(const hub::ModelConfig& config);
  Result<void> read_heads(WeightReader& reader, const hub::ModelConfig& config);
  void read_to(std::size_t depth, const batch::PackedBatch& batch, Workspace& workspace,
               ThreadPool& pool) const;
  void project(std::size_t depth, const float* states, std::size_t rows, float* out,
               float* scratch) const;
  struct Block;  // what is kept of a passage at a depth
  Block block(std::byte* bytes, std::size_t depth, std::size_t tokens) const;
  bool has_vector(std::size_t depth) const { return depth + 1 == kDepths; }
  void quantise(const float* vectors, std::size_t rows, const Block& out) const;
  double match(std::size_t depth, const float* states, std::size_t rows, std::byte* kept,
               const InteractionQuery& query, float* scratch) const;
  double cosine(std::size_t depth, const float* states, std::size_t rows, std::byte* kept,
                const InteractionQuery& query, float* scratch) const;
  double repeated(std::span<const std::int32_t> ids, const InteractionQuery& query) const;
  std::span<const std::int32_t> words(std::span<const std::int32_t> ids) const;
  double logit(std::size_t depth, const Interaction& passage, std::size_t length) const;

  std::unique_ptr<PostNormEncoder> encoder_;
  std::array<Depth, kDepths> depths_;
  std::array<Head, kDepths> heads_;
  std::vector<float> idf_;       // [vocab_size]
  std::size_t size_ = 0;         // of a projected state
  std::size_t lead_tokens_ = 0;  // of a sequence that stand before the text
  Description description_;
};

}  // namespace podium::model
