// From an encoder's states to a model's output.
#pragma once

#include <memory>
#include <string>

#include "model/encoder.h"
#include "model/weights.h"

namespace podium::model {

enum class HeadActivation { tanh, gelu, relu };

// logit = out(norm(activation(dense(pooled state)))); names without ".weight".
struct HeadNames {
  std::string dense;
  std::string out;
  HeadActivation activation = HeadActivation::tanh;
  bool dense_bias = true;
  std::string norm;  // a layer norm without bias; empty: none
  hub::Pooling pooling = hub::Pooling::first;
};

// Reads what config.json calls an activation. Errors: `key` names one that heads do not have.
Result<HeadActivation> read_head_activation(const hub::ModelConfig& config, std::string_view key);

Result<std::unique_ptr<Model>> make_cross_encoder(const LoadContext& context, WeightReader& reader,
                                                  std::string_view architecture,
                                                  std::unique_ptr<Encoder> encoder,
                                                  const HeadNames& names);

// A unit-length vector per text, pooled as config.bi_encoder says.
std::unique_ptr<Model> make_bi_encoder(const LoadContext& context, const WeightReader& reader,
                                       std::string_view architecture,
                                       std::unique_ptr<Encoder> encoder);

// The mean of a sequence's states [rows, hidden].
void pool_mean(const float* states, std::size_t rows, std::size_t hidden, float* out);

// Summed in double, in order.
double dot(const float* a, const float* b, std::size_t count);

void to_unit_length(float* x, std::size_t count);

// What was read, and what the encoder says.
Description describe(const WeightReader& reader, const Encoder& encoder,
                     std::string_view architecture, bool is_bi_encoder);

}  // namespace podium::model
