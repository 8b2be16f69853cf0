// Engines of tests/data/tiny-*.
#pragma once

#include "model/golden.h"
#include "podium/podium.h"

namespace podium {

// Special tokens are read as Hugging Face does, and in fp32 unless a test says otherwise: the
// goldens are.
inline Engine load(const std::string& name,
                   EngineOptions options = {.precision = Precision::fp32}) {
  options.model = model::data(name).string();
  options.special_tokens = SpecialTokens::match;
  auto engine = Engine::load(options);
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  return *std::move(engine);
}

}  // namespace podium
