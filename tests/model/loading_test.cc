// Checkpoints that contradict themselves are refused, and the message names what is wrong.
#include <fstream>

#include "model/golden.h"

namespace podium::model {
namespace {

constexpr const char* kFamilies[] = {
    "tiny-bert",       "tiny-roberta", "tiny-electra",    "tiny-electra-small",
    "tiny-distilbert", "tiny-mpnet",   "tiny-deberta",    "tiny-deberta-unshared",
    "tiny-jina-v1",    "tiny-gte",     "tiny-modernbert", "tiny-qwen3",
    "tiny-qwen3-yarn", "tiny-qwen2",   "tiny-jina-v3"};

class Loading : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    use("tiny-xlmr");
  }

  // Starts again with a copy of that checkpoint.
  void use(const std::string& name) {
    std::filesystem::remove_all(directory_);
    std::filesystem::copy(data(name), directory_, std::filesystem::copy_options::recursive);
  }

  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Replaces text in a file of the copy, leaving its length if both have the same.
  void replace(const char* file, const std::string& from, const std::string& to) {
    std::ifstream in(directory_ / file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    std::ofstream(directory_ / file, std::ios::binary) << text;
  }

  Error load_error() {
    auto checkpoint = hub::Checkpoint::open(directory_);
    if (!checkpoint) return checkpoint.error();
    auto config = hub::read_model_config(*checkpoint);
    if (!config) return config.error();
    ThreadPool pool(2);
    LoadContext context{*checkpoint, *config, kernels::portable(), pool};
    context.token_id = [](std::string_view word) { return word == "yes" || word == "1" ? 7 : 8; };
    auto model = load_model(context);
    if (!model) return model.error();
    ADD_FAILURE() << "loaded";
    return {};
  }

  std::filesystem::path directory_;
};

TEST_F(Loading, NamesTheMissingTensor) {
  replace("model.safetensors", "layer.1.output.dense.weight", "layer.1.output.dense.weighT");
  const Error error = load_error();
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_NE(error.message.find("encoder.layer.1.output.dense.weight'"), std::string::npos)
      << error.message;
}

// Every tensor of every family is asked for by its name.
TEST_F(Loading, NamesAnyMissingTensorOfAnyFamily) {
  for (const auto* name : kFamilies) {
    const auto checkpoint = hub::Checkpoint::open(data(name));
    ASSERT_TRUE(checkpoint);
    for (const hub::TensorView& tensor : checkpoint->tensors()) {
      use(name);
      std::string wrong(tensor.name);
      wrong.back() = '_';
      replace("model.safetensors", "\"" + std::string(tensor.name) + "\"", "\"" + wrong + "\"");
      const Error error = load_error();
      // The first tensor also tells naming with a prefix from naming without one.
      const auto dot = tensor.name.find('.');
      EXPECT_NE(error.message.find(tensor.name.substr(dot + 1)), std::string::npos)
          << name << " without " << tensor.name << ": " << error.message;
    }
  }
}

TEST_F(Loading, RefusesAVocabularyOfAnotherSizeInAnyFamily) {
  for (const auto* name : kFamilies) {
    use(name);
    replace("config.json", "\"vocab_size\": ", "\"vocab_size\": 1");
    const Error error = load_error();
    EXPECT_EQ(error.code, ErrorCode::malformed) << name;
    EXPECT_NE(error.message.find("embed"), std::string::npos) << name << ": " << error.message;
  }
}

TEST_F(Loading, RefusesOptionsThatAFamilyDoesNotHave) {
  struct Broken {
    const char *model, *from, *to, *said;
  };
  const Broken broken[] = {
      {"tiny-electra", "\"embedding_size\": 28", "\"embedding_size\": 29", "embeddings of 29"},
      {"tiny-electra", "\"embedding_size\": 28", "\"embedding_size\": 14", "word_embeddings"},
      {"tiny-mpnet", "\"relative_attention_num_buckets\": 32",
       "\"relative_attention_num_buckets\": 64", "relative_attention_bias"},
      {"tiny-deberta", "\"position_buckets\": 16", "\"position_buckets\": 20", "rel_embeddings"},
      {"tiny-deberta", "\"pooler_hidden_act\": \"gelu\"", "\"pooler_hidden_act\": \"mish\"",
       "mish"},
      {"tiny-deberta", "\"pooler_dropout\": 0", "\"conv_kernel_size\": 3", "convolution"},
      {"tiny-jina-v1", "\"geglu\"", "\"reglu\"", "reglu"},
      {"tiny-gte", "\"ntk\"", "\"yarn\"", "yarn"},
      {"tiny-gte", "\"rope_theta\": 20000", "\"rope_theta\": -1", "rope_theta"},
      {"tiny-modernbert", "\"classifier_pooling\": \"mean\"", "\"classifier_pooling\": \"max\"",
       "max"},
      {"tiny-modernbert", "\"reference_compile\": false", "\"mlp_bias\": true", "mlp_bias"},
      {"tiny-modernbert", "\"hidden_activation\": \"gelu\"", "\"hidden_activation\": \"relu\"",
       "relu"},
      {"tiny-qwen3", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "must divide"},
      {"tiny-qwen3", "\"head_dim\": 10", "\"head_dim\": 12", "q_proj"},
      {"tiny-qwen3", "\"use_sliding_window\": false", "\"use_sliding_window\": true",
       "use_sliding_window"},
      {"tiny-qwen3", "\"rope_scaling\": null", "\"rope_scaling\": {}", "rope_type"},
      {"tiny-qwen3-yarn", "\"yarn\"", "\"longrope\"", "longrope"},
      {"tiny-qwen3-yarn", "\"factor\": 4.0", "\"factor\": 0.5", "factor"},
      {"tiny-qwen3-yarn", "\"factor\": 4.0", "\"mscale\": 1.0", "mscale"},
  };
  for (const Broken& b : broken) {
    use(b.model);
    replace("config.json", b.from, b.to);
    const Error error = load_error();
    EXPECT_NE(error.message.find(b.said), std::string::npos)
        << b.model << " with " << b.to << ": " << error.message;
  }
}

// Nothing in the file backs a length that no table of positions has.
TEST_F(Loading, BoundsALengthThatOnlyTheConfigSays) {
  for (const auto* name : {"tiny-modernbert", "tiny-gte", "tiny-jina-v1", "tiny-qwen3"}) {
    use(name);
    replace("config.json", "\"max_position_embeddings\": ", "\"max_position_embeddings\": 1000");
    Loaded loaded(directory_, kernels::portable(), 1);
    EXPECT_LE(loaded.model->description().max_length, 32768U) << name;
  }
}

TEST_F(Loading, RefusesASizeThatContradictsTheTensors) {
  replace("config.json", "\"vocab_size\": ", "\"vocab_size\": 1");
  const Error error = load_error();
  EXPECT_EQ(error.code, ErrorCode::malformed);
  EXPECT_NE(error.message.find("word_embeddings.weight"), std::string::npos) << error.message;
}

TEST_F(Loading, ListsTheKnownArchitectures) {
  replace("config.json", "xlm-roberta", "mamba-roberta");
  const Error error = load_error();
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_NE(error.message.find("mamba-roberta"), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find("xlm-roberta-flash"), std::string::npos) << error.hint;
  EXPECT_NE(error.hint.find("bert"), std::string::npos) << error.hint;
}

TEST_F(Loading, RefusesAnActivationItDoesNotCompute) {
  replace("config.json", "\"gelu\"", "\"relu\"");
  const Error error = load_error();
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_NE(error.message.find("relu"), std::string::npos) << error.message;
}

TEST_F(Loading, RefusesWeightsThatAreNotFinite) {
  const float nan = std::nanf("");
  std::fstream file(directory_ / "model.safetensors",
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-static_cast<std::streamoff>(sizeof nan), std::ios::end);
  file.write(reinterpret_cast<const char*>(&nan), sizeof nan);
  file.close();
  const Error error = load_error();
  EXPECT_EQ(error.code, ErrorCode::malformed);
}

}  // namespace
}  // namespace podium::model
