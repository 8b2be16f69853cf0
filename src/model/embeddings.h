// From token ids to the states that enter the first layer: the sum of a word's, a position's and a
// token type's embedding, normalised. All but the words are optional.
#pragma once

#include <string>
#include <vector>

#include "model/encoder.h"
#include "model/weights.h"

namespace podium::model {

// How positions are counted. XLM-RoBERTa numbers the tokens that are no padding from pad_id + 1 and
// gives padding row pad_id; BERT numbers all tokens from 0.
struct Positions {
  std::size_t first = 0;
  std::int64_t pad_id = -1;  // -1: every token counts
};

// Full tensor names; an empty one says that the architecture has no such table.
struct EmbeddingNames {
  std::string word;
  std::string position;
  std::string type;
  std::string norm;  // without ".weight"
  bool norm_bias = true;
  // Where the tables are narrower than the states: the layer behind the norm that widens them, and
  // their width.
  std::string projection = {};
  std::size_t width = 0;  // 0: that of the states
};

class Embeddings {
 public:
  static Result<Embeddings> load(const LoadContext& context, WeightReader& reader,
                                 const EmbeddingNames& names, Positions positions);

  // Writes the states of rows [first, first + rows) of the batch to out, their first one at out[0].
  // scratch: one row.
  void embed(const batch::PackedBatch& batch, std::size_t first, std::size_t rows, float* out,
             float* scratch) const;

  std::size_t hidden_size() const { return projection_.empty() ? word_.cols : bias_.size(); }
  std::size_t token_types() const { return types_.size(); }
  // The longest sequence that the position table takes; without one kUnlimited.
  std::size_t max_length() const;
  const hub::Matrix& words() const { return word_; }

 private:
  // The sum of a token's rows in all tables; `spare` holds one row.
  void add_tables(const batch::PackedBatch& batch, std::size_t row, std::size_t& position,
                  float* sum, float* spare) const;
  // Normalises a sum of tables that are narrower than the states, and projects it to a state.
  void widen(float* narrow, float* state) const;
  std::size_t position_before(const batch::PackedBatch& batch, std::size_t sequence,
                              std::size_t row) const;

  const kernels::Kernels* kernels_ = nullptr;
  Positions positions_;
  hub::Matrix word_;
  hub::Matrix position_;
  std::vector<std::vector<float>> types_;
  LayerNorm norm_;
  std::vector<float> projection_;  // [states, tables], empty if they are as wide
  std::vector<float> bias_;
};

}  // namespace podium::model
