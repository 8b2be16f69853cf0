#include "hub/builtin_model.h"

#include <cstdint>
#include <filesystem>

#include "base/mapped_file.h"
#include "model_files.h"

namespace podium::hub {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(BuiltinModel, IsTheFilesOfModelsDefault) {
  const auto folder = std::filesystem::path(PODIUM_SOURCE_DIR) / "models" / "default";
  const auto is_file = [&](const char* name, std::string_view embedded) {
    const auto file = MappedFile::open(folder / name);
    return file && file->text() == embedded;
  };
  const MemoryFiles& model = builtin_model();
  EXPECT_TRUE(is_file("config.json", model.config_json));
  EXPECT_TRUE(is_file("tokenizer.json", model.tokenizer_json));
  EXPECT_TRUE(is_file("tokenizer_config.json", model.tokenizer_config_json));
  EXPECT_TRUE(is_file("model.safetensors", text_of(model.safetensors)));
  EXPECT_TRUE(is_file("interaction.safetensors", text_of(model.interaction)));
}

TEST(BuiltinModel, IsAligned) {
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(builtin_model().safetensors.data()) % 64, 0U);
}

TEST(BuiltinModel, Opens) {
  const auto checkpoint = Checkpoint::open(builtin_model());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const TensorView* words = checkpoint->find("embeddings.word_embeddings.weight");
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->dtype, DType::u8);
}

}  // namespace
}  // namespace podium::hub
