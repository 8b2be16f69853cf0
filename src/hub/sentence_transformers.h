// What a bi-encoder of the sentence-transformers library says beside its config.json: which state
// stands for a text, what goes in front of it, how long it may be.
#pragma once

#include "base/error.h"
#include "hub/checkpoint.h"
#include "hub/model_config.h"

namespace podium::hub {

// Makes `config` a bi-encoder's if modules.json has a pooling module. Errors: a file that is
// malformed, a way of pooling or a module that Podium does not know.
Result<void> read_sentence_transformers(const Checkpoint& checkpoint, ModelConfig& config);

}  // namespace podium::hub
