// Tensors of a checkpoint, checked and brought into the layout of the kernels.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "hub/matrix.h"
#include "model/linear.h"
#include "model/model.h"

namespace podium::model {

struct LayerNorm {
  std::vector<float> gamma;
  std::vector<float> beta;
  float eps = 0;
};

// Rows of a stored linear layer: `name` + ".weight" and ".bias" hold total_rows rows, of which
// [first_row, first_row + rows) are meant.
struct LinearRows {
  std::string name;
  std::size_t first_row = 0;
  std::size_t rows = 0;
  std::size_t total_rows = 0;
  bool bias = true;  // false: the layer has none
};

// `prefix` if the checkpoint's names begin with it, else "": a model saved without its head has
// none. `first` names a tensor that every checkpoint of the architecture has.
std::string name_prefix(const hub::Checkpoint& checkpoint, const std::string& prefix,
                        std::string_view first = "embeddings.word_embeddings.weight");

// Reads and counts. May be called from several threads at once.
class WeightReader {
 public:
  explicit WeightReader(const LoadContext& context) : context_(context) {}

  // The tensor in place, its shape checked, its values not.
  Result<hub::Matrix> matrix(std::string_view name, std::size_t rows, std::size_t cols);

  Result<std::vector<float>> vector(std::string_view name, std::size_t size);

  // Row-major.
  Result<std::vector<float>> table(std::string_view name, std::size_t rows, std::size_t cols);

  // The parts stacked on top of each other, in_features wide, in the precision of the context.
  Result<Linear> linear(const std::vector<LinearRows>& parts, std::size_t in_features);
  Result<Linear> linear(const std::string& name, std::size_t out_features, std::size_t in_features,
                        bool bias = true);

  // In fp32 whatever the context says: for heads, which are small and decide the score.
  Result<Linear> linear_f32(const std::string& name, std::size_t out_features,
                            std::size_t in_features, bool bias = true);

  Result<LayerNorm> layer_norm(const std::string& name, std::size_t size, bool bias = true);

  // Whether an earlier load of this very checkpoint found all its values finite.
  bool checked() const { return context_.cache != nullptr && context_.cache->filled(); }

  // Adds a matrix that stays where it is to the description.
  void count_mapped(const hub::Matrix& stored);

  // Fills in what was read so far.
  void describe(Description& description) const;

 private:
  Result<Linear> linear(const std::vector<LinearRows>& parts, std::size_t in_features,
                        kernels::Precision precision);
  Result<Linear> pack(const std::vector<hub::Matrix>& weights,
                      const std::vector<hub::Matrix>& biases, const std::vector<LinearRows>& parts,
                      kernels::Precision precision) const;
  void count(hub::Storage storage, std::size_t parameters, std::size_t packed_bytes,
             std::size_t mapped_bytes);

  const LoadContext& context_;
  mutable std::mutex mutex_;
  std::vector<hub::Storage> storages_;
  std::uint64_t parameters_ = 0;
  std::size_t packed_bytes_ = 0;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace podium::model
