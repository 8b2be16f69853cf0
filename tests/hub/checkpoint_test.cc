#include "hub/checkpoint.h"

#include <string>

#include "model_files.h"

namespace podium::hub {
namespace {

namespace fs = std::filesystem;

class CheckpointFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_.write("config.json", "{}").write("tokenizer.json", "{\"t\":1}");
  }

  Result<Checkpoint> open() { return Checkpoint::open(directory_.path()); }

  // Two shards with one tensor each; `second` is where the index says "b" lies.
  void write_shards(std::string_view second) {
    directory_.write("one.safetensors", safetensors_with({"a"}))
        .write("two.safetensors", safetensors_with({"b"}))
        .write("model.safetensors.index.json",
               fmt::format(R"({{"weight_map":{{"a":"one.safetensors","b":"{}"}}}})", second));
  }

  TemporaryDirectory directory_;
};

TEST_F(CheckpointFiles, OpensASingleFile) {
  directory_.write("model.safetensors", safetensors_with({"z", "a"}))
      .write("tokenizer_config.json", "{\"c\":1}");
  auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const Checkpoint moved = *std::move(checkpoint);
  EXPECT_EQ(moved.name(), directory_.path().filename());
  EXPECT_EQ(moved.config_json(), "{}");
  EXPECT_EQ(moved.tokenizer_json(), "{\"t\":1}");
  EXPECT_EQ(moved.tokenizer_config_json(), "{\"c\":1}");
  ASSERT_EQ(moved.tensors().size(), 2U);
  EXPECT_EQ(moved.tensors()[0].name, "a");
  ASSERT_NE(moved.find("z"), nullptr);
  EXPECT_EQ(moved.find("z")->name, "z");
  EXPECT_EQ(moved.find("m"), nullptr);
  EXPECT_EQ(moved.find(""), nullptr);
}

TEST_F(CheckpointFiles, OpensShards) {
  write_shards("two.safetensors");
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_NE(checkpoint->find("a"), nullptr);
  EXPECT_NE(checkpoint->find("b"), nullptr);
  EXPECT_TRUE(checkpoint->tokenizer_config_json().empty());
}

TEST_F(CheckpointFiles, OpensMemory) {
  const std::string weights = safetensors_with({"a"});
  const auto checkpoint = Checkpoint::open(MemoryFiles{"mem", "{}", "{}", "", bytes_of(weights)});
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->name(), "mem");
  EXPECT_NE(checkpoint->find("a"), nullptr);
  EXPECT_TRUE(fails_with(Checkpoint::open(MemoryFiles{"mem", "{}", "{}", "", {}}),
                         ErrorCode::malformed, {"mem/model.safetensors", "too short"}));
}

TEST_F(CheckpointFiles, NamesTheTensorMissingFromItsShard) {
  write_shards("one.safetensors");
  EXPECT_TRUE(
      fails_with(open(), ErrorCode::not_found,
                 {"tensor b is missing from one.safetensors", "model.safetensors.index.json"}));
}

TEST_F(CheckpointFiles, RefusesATensorInTwoShards) {
  write_shards("two.safetensors");
  directory_.write("two.safetensors", safetensors_with({"b", "a"}));
  EXPECT_TRUE(fails_with(open(), ErrorCode::malformed, {"tensor a", "two shards"}));
}

TEST_F(CheckpointFiles, NamesTheMissingShard) {
  write_shards("three.safetensors");
  EXPECT_TRUE(fails_with(open(), ErrorCode::not_found, {"three.safetensors", "No such file"}));
}

TEST_F(CheckpointFiles, RefusesShardNamesThatLeadElsewhere) {
  for (const char* name : {"../two.safetensors", "/etc/two.safetensors", "a/two.safetensors",
                           "a\\\\two.safetensors", "two.bin", "", "x\\u0000.safetensors"}) {
    write_shards(name);
    EXPECT_TRUE(fails_with(open(), ErrorCode::malformed, {"puts tensor b into"})) << name;
  }
}

TEST_F(CheckpointFiles, RefusesABrokenIndex) {
  const auto index = [&](std::string_view json) {
    directory_.write("model.safetensors.index.json", json);
    return open();
  };
  EXPECT_TRUE(fails_with(index("{"), ErrorCode::malformed, {"index.json is not valid JSON"}));
  EXPECT_TRUE(fails_with(index("{}"), ErrorCode::malformed, {"index.json", "\"weight_map\""}));
  EXPECT_TRUE(fails_with(index(R"({"weight_map":{"a":1}})"), ErrorCode::malformed, {"tensor a"}));
  EXPECT_TRUE(fails_with(index(R"({"weight_map":{"a":"x.safetensors","a":"x.safetensors"}})"),
                         ErrorCode::malformed, {"tensor a twice"}));
}

TEST_F(CheckpointFiles, NamesTheFileThatIsDamaged) {
  directory_.write("model.safetensors", "short");
  EXPECT_TRUE(fails_with(open(), ErrorCode::malformed,
                         {(directory_.path() / "model.safetensors").string(), "too short"}));
}

TEST_F(CheckpointFiles, NamesWhatIsMissing) {
  EXPECT_TRUE(fails_with(open(), ErrorCode::not_found, {"has no model.safetensors"}));
  directory_.write("model.safetensors", safetensors_with({"a"}));
  fs::remove(directory_.path() / "tokenizer.json");
  EXPECT_TRUE(fails_with(open(), ErrorCode::not_found, {"has no tokenizer.json"}));
  fs::remove(directory_.path() / "config.json");
  EXPECT_TRUE(fails_with(open(), ErrorCode::not_found, {"has no config.json"}));
  EXPECT_TRUE(fails_with(Checkpoint::open(directory_.path() / "none"), ErrorCode::not_found,
                         {"none does not exist"}));
  EXPECT_TRUE(fails_with(Checkpoint::open(directory_.path() / "model.safetensors"),
                         ErrorCode::invalid_argument, {"is a file, not a model directory"}));
}

TEST_F(CheckpointFiles, SaysHowToConvertPickles) {
  for (const char* file : {"pytorch_model.bin", "model.pt", "last.ckpt", "weights.pth"}) {
    TemporaryDirectory pickled;
    pickled.write("config.json", "{}").write("tokenizer.json", "{}").write(file, "x");
    EXPECT_TRUE(fails_with(Checkpoint::open(pickled.path()), ErrorCode::unsupported,
                           {file, "pickle", "safe_serialization=True", "save_file"}));
  }
}

TEST_F(CheckpointFiles, NamesOtherFormats) {
  const std::pair<const char*, const char*> formats[] = {{"model.gguf", "GGUF"},
                                                         {"onnx/model.onnx", "ONNX"},
                                                         {"tf_model.h5", "TensorFlow"},
                                                         {"flax_model.msgpack", "Flax"},
                                                         {"adapter_model.safetensors", "LoRA"},
                                                         {"weights.safetensors", "Rename"}};
  for (const auto& [file, word] : formats) {
    TemporaryDirectory foreign;
    foreign.write(file, "x");
    EXPECT_TRUE(fails_with(Checkpoint::open(foreign.path()), ErrorCode::unsupported,
                           {fs::path(file).filename(), word}));
  }
}

TEST_F(CheckpointFiles, SaysHowToMakeTokenizerJson) {
  directory_.write("model.safetensors", safetensors_with({"a"}));
  fs::remove(directory_.path() / "tokenizer.json");
  for (const char* file : {"vocab.txt", "sentencepiece.bpe.model"}) {
    directory_.write(file, "x");
    EXPECT_TRUE(fails_with(open(), ErrorCode::not_found,
                           {file, "no tokenizer.json", "AutoTokenizer", "save_pretrained"}));
  }
}

TEST_F(CheckpointFiles, IsNamedAfterTheRepositoryInsideAHuggingFaceCache) {
  TemporaryDirectory cache;
  cache.write("models--org--some--model/snapshots/0123abc/config.json", "{}")
      .write("models--org--some--model/snapshots/0123abc/tokenizer.json", "{}")
      .write("models--org--some--model/snapshots/0123abc/model.safetensors",
             safetensors_with({"a"}));
  const auto checkpoint =
      Checkpoint::open(cache.path() / "models--org--some--model/snapshots/0123abc/");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->name(), "org/some--model");
}

// The checkpoints that scripts/make_tiny_models.py wrote with Python's safetensors.
TEST(TinyModels, Open) {
  const fs::path data = fs::path(PODIUM_SOURCE_DIR) / "tests" / "data";
  for (const char* name :
       {"tiny-bert", "tiny-jina-flash", "tiny-xlmr", "tiny-xlmr-bf16-sharded", "tiny-xlmr-f16"}) {
    const auto checkpoint = Checkpoint::open(data / name);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->name(), name);
    EXPECT_GT(checkpoint->tensors().size(), 40U);
  }
}

}  // namespace
}  // namespace podium::hub
