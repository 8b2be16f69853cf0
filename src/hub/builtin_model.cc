#include "hub/builtin_model.h"

#include "base/embedded_file.h"

// Tensors inside the weights are 64-byte aligned relative to the file, and so is the file.
PODIUM_EMBED(podium_builtin_config, PODIUM_MODEL_DIR "/config.json");
PODIUM_EMBED(podium_builtin_tokenizer, PODIUM_MODEL_DIR "/tokenizer.json");
PODIUM_EMBED(podium_builtin_tokenizer_config, PODIUM_MODEL_DIR "/tokenizer_config.json");
PODIUM_EMBED(podium_builtin_weights, PODIUM_MODEL_DIR "/model.safetensors");
PODIUM_EMBED(podium_builtin_interaction, PODIUM_MODEL_DIR "/interaction.safetensors");

namespace podium::hub {

namespace {

std::string_view text(const std::byte* begin, const std::byte* end) {
  return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin)};
}

}  // namespace

const MemoryFiles& builtin_model() {
  static const MemoryFiles files{
      "built-in",
      text(podium_builtin_config_begin, podium_builtin_config_end),
      text(podium_builtin_tokenizer_begin, podium_builtin_tokenizer_end),
      text(podium_builtin_tokenizer_config_begin, podium_builtin_tokenizer_config_end),
      {podium_builtin_weights_begin, podium_builtin_weights_end},
      {podium_builtin_interaction_begin, podium_builtin_interaction_end}};
  return files;
}

}  // namespace podium::hub
