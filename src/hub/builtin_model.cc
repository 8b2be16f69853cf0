#include "hub/builtin_model.h"

#include <cstddef>

// The assembler copies each file into read-only data. Tensors inside the weights are 64-byte
// aligned relative to the file, so the file is too.
#define PODIUM_EMBED(symbol, file)                                                   \
  asm(".pushsection .rodata, \"a\"\n"                                                \
      ".balign 64\n" #symbol                                                         \
      "_begin:\n"                                                                    \
      ".incbin \"" PODIUM_MODEL_DIR "/" file "\"\n" #symbol                          \
      "_end:\n"                                                                      \
      ".byte 0\n"                                                                    \
      ".popsection\n");                                                              \
  extern "C" __attribute__((visibility("hidden"))) const std::byte symbol##_begin[]; \
  extern "C" __attribute__((visibility("hidden"))) const std::byte symbol##_end[]

PODIUM_EMBED(podium_builtin_config, "config.json");
PODIUM_EMBED(podium_builtin_tokenizer, "tokenizer.json");
PODIUM_EMBED(podium_builtin_tokenizer_config, "tokenizer_config.json");
PODIUM_EMBED(podium_builtin_weights, "model.safetensors");

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
      {podium_builtin_weights_begin, podium_builtin_weights_end}};
  return files;
}

}  // namespace podium::hub
