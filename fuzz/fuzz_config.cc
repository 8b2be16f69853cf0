// Any text as config.json, and after a NUL as tokenizer_config.json: an error, or sizes that cannot
// overflow whatever is computed from them.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "hub/model_config.h"

namespace {

namespace hub = podium::hub;

constexpr std::string_view kNoTensors("\x02\0\0\0\0\0\0\0{}", 10);

void check(const hub::ModelConfig& config) {
  const std::size_t hidden = config.hidden_size;
  const bool sane = hidden > 0 && config.num_attention_heads > 0 && config.num_hidden_layers > 0 &&
                    hidden % config.num_attention_heads == 0 && config.layer_norm_eps > 0 &&
                    config.vocab_size * hidden <= std::size_t{1} << 31 &&
                    config.max_position_embeddings * hidden <= std::size_t{1} << 31 &&
                    config.intermediate_size * hidden <= std::size_t{1} << 31 &&
                    config.pad_token_id >= 0 &&
                    static_cast<std::size_t>(config.pad_token_id) < config.vocab_size;
  if (!sane) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t border = text.find('\0');
  hub::MemoryFiles files;
  files.name = "input";
  files.config_json = text.substr(0, border);
  if (border != std::string_view::npos) files.tokenizer_config_json = text.substr(border + 1);
  files.safetensors = std::as_bytes(std::span(kNoTensors.data(), kNoTensors.size()));
  const auto checkpoint = hub::Checkpoint::open(files);
  if (!checkpoint) __builtin_trap();
  const auto config = hub::read_model_config(*checkpoint);
  if (config) check(*config);
  return 0;
}
