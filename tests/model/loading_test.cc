// Checkpoints that contradict themselves are refused, and the message names what is wrong.
#include <fstream>

#include "model/golden.h"

namespace podium::model {
namespace {

class Loading : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::copy(data("tiny-xlmr"), directory_);
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
    auto model = load_model({*checkpoint, *config, kernels::portable(), pool});
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
