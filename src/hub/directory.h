// Which files of a directory make up a model, and what to tell an operator when they do not.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace podium::hub {

struct ModelFiles {
  std::string name;  // the directory's, or "org/name" inside a Hugging Face cache
  std::filesystem::path config;
  std::filesystem::path tokenizer;
  std::filesystem::path tokenizer_config;  // empty if there is none
  std::filesystem::path weights;           // model.safetensors, or the index if `sharded`
  bool sharded = false;
};

// Looks at names only. A directory without safetensors but with weights in another format (pickle,
// ONNX, GGUF …), or with a tokenizer in another form, gets an error that says how to convert them.
Result<ModelFiles> find_model_files(const std::filesystem::path& directory);

}  // namespace podium::hub
