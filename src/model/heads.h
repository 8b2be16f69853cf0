// From an encoder's states to a model's output.
#pragma once

#include <memory>
#include <string>

#include "model/post_norm_encoder.h"

namespace podium::model {

// A cross-encoder: logit = out(tanh(dense(state of the first token))), which is the head of RoBERTa
// ("classifier.dense", "classifier.out_proj") and of BERT ("pooler.dense", "classifier").
Result<std::unique_ptr<Model>> make_cross_encoder(const LoadContext& context,
                                                  std::string_view architecture,
                                                  const EncoderNames& names, Positions positions,
                                                  const std::string& dense, const std::string& out);

// A bi-encoder: the mean of all tokens' states, scaled to unit length.
Result<std::unique_ptr<Model>> make_bi_encoder(const LoadContext& context,
                                               std::string_view architecture,
                                               const EncoderNames& names, Positions positions);

}  // namespace podium::model
