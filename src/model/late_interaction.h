// Podium's own architecture: a BERT bi-encoder whose token states are compared
// at several depths.
//
// After the layers of a depth every token's state is projected to a short unit
// vector, that of a query's token together with its final state. Each token of
// the query looks for its best match among the passage's (MaxSim; Khattab and
// Zaharia 2020, arXiv 2004.12832) and each of the passage for its best among
// the query's; both sides' matches are averaged, weighted by the tokens' rarity
// and what is learned of them. A cosine compares the passage's mean state with
// the query's vector. A depth's logit is linear in these three numbers of the
// depths so far. train/interaction.py is the reference.
//
// All that is needed of a passage's tokens are their short vectors, in bytes
// with a scale for each token: a passage whose block of them was kept is
// compared again without the encoder, to the bit as if it had been encoded.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/post_norm_encoder.h"

namespace podium::model {

inline constexpr std::size_t kDepths = 3;
inline constexpr std::array<std::string_view, kDepths> kDepthNames = {"tiny", "turbo", "base"};

// A query as passages meet it: encoded once, then shared.
struct InteractionQuery {
  std::array<kernels::PackedF32, kDepths> tokens;   // unit vectors, a word's token for each output
  std::array<std::vector<float>, kDepths> weights;  // of the tokens, adding up to one
  std::vector<float> vector;                        // the bi-encoder's, of unit length
};

// What a passage's tokens and the query's say to each other at one depth.
struct Meeting {
  double match = 0;    // the mean of the query's tokens' best matches
  double reverse = 0;  // the mean of the passage's
  double cosine = 0;
};

// What a sequence is encoded for, and how far it has come.
struct Interaction {
  std::shared_ptr<InteractionQuery> answer;       // the sequence is a query: where it goes
  std::shared_ptr<const InteractionQuery> query;  // the sequence is a passage: what it meets
  std::size_t from = 0;                           // depths computed before
  std::size_t to = kDepths;                       // depths computed afterwards
  bool keep = false;                              // it may go on from there
  std::vector<float> states;                      // [tokens, hidden_size] in between
  // Blocks of state_bytes() for the depths [from, to): read if the passage was
  // seen before, else written; null: not kept.
  bool seen = false;
  std::array<std::byte*, kDepths> kept{};
  std::array<Meeting, kDepths> meetings{};
};

class LateInteraction final : public Model {
 public:
  struct Depth {
    std::size_t layer = 0;  // layers done
    std::size_t size = 0;   // of a projected state
    // probability = sigmoid(scale * logit + bias)
    double scale = 1;
    double bias = 0;
    // A passage whose calibrated logit trails another's by more hardly ever
    // overtakes it deeper down; learned on development sets (train/export.py).
    double margin = 0;
  };

  static Result<std::unique_ptr<Model>> load(const LoadContext& context);

  const std::array<Depth, kDepths>& depths() const { return depths_; }

  // One sequence.
  void encode_query(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
                    InteractionQuery& out) const;

  // Bytes of what is kept at a depth of a passage of that many tokens, special
  // ones included.
  std::size_t state_bytes(std::size_t depth, std::size_t tokens) const;

  // Takes passages that have come equally far, all seen before or none, to the
  // same depth. logits: one calibrated logit for each, of the depth they reach.
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
  struct Head {
    Linear query;                     // of a query's token, to size
    Linear ask;                       // of its final state, added to that; not at the last depth
    Linear document;                  // of a passage's token, to size
    Linear vector;                    // of a passage's mean state, to hidden_size; not at the last
                                      // depth
    std::vector<float> query_weight;  // [hidden_size], of a final state
    std::vector<float> document_weight;  // [hidden_size]
    std::vector<float> linear;           // [3 * (depth + 1)], of the meetings so far
    std::vector<float> bias;             // [1]
  };
  struct Block;  // what is kept of a passage at a depth

  Result<void> read_config(const hub::ModelConfig& config);
  Result<void> read_heads(WeightReader& reader, const hub::ModelConfig& config);
  void read_to(std::size_t depth, const batch::PackedBatch& batch, Workspace& workspace,
               ThreadPool& pool) const;
  float weight(std::int32_t id, const float* state, const std::vector<float>& learned) const;
  Block block(std::byte* bytes, std::size_t words) const;
  void encode_words(std::size_t depth, const float* states, std::span<const std::int32_t> ids,
                    float* values, const Block& out) const;
  void encode_vector(std::size_t depth, const float* states, std::size_t tokens, float* out,
                     float* scratch) const;
  void meet(std::size_t depth, const float* states, std::span<const std::int32_t> ids,
            std::byte* kept, const InteractionQuery& query, float* scratch, Meeting& out) const;
  double logit(std::size_t depth, const Interaction& passage) const;

  std::unique_ptr<PostNormEncoder> encoder_;
  std::array<Depth, kDepths> depths_;
  std::array<Head, kDepths> heads_;
  std::vector<float> idf_;   // [vocab_size]
  std::size_t largest_ = 0;  // of the depths' sizes
  // Tokens of a sequence that stand before its text.
  std::size_t query_opening_ = 0;
  std::size_t passage_opening_ = 0;
  Description description_;
};

}  // namespace podium::model
