// The files of the sentence-transformers library beside a model.
#include "hub/model_config.h"
#include "model_files.h"

namespace podium::hub {
namespace {

constexpr std::string_view kModules =
    R"([{"idx":0,"path":"","type":"sentence_transformers.models.Transformer"},
        {"idx":1,"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
        {"idx":2,"path":"2_Normalize","type":"sentence_transformers.models.Normalize"}])";

Result<ModelConfig> read(const SentenceTransformersFiles& files, std::string_view config = "{}") {
  const std::string weights = safetensors_with({});
  const auto checkpoint =
      Checkpoint::open(MemoryFiles{"m", config, "{}", "", bytes_of(weights), {}, files});
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  return read_model_config(*checkpoint);
}

TEST(SentenceTransformers, MakeABiEncoder) {
  const auto config = read({.modules = kModules,
                            .pooling = R"({"pooling_mode_cls_token":true,
                                           "pooling_mode_mean_tokens":false})",
                            .prompts = R"({"prompts":{"query":"q: ","passage":"p: "}})",
                            .limits = R"({"max_seq_length":256,"do_lower_case":false})"});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->is_bi_encoder);
  EXPECT_EQ(config->bi_encoder.pooling, Pooling::first);
  EXPECT_EQ(config->bi_encoder.query_prefix, "q: ");
  EXPECT_EQ(config->bi_encoder.document_prefix, "p: ");
  EXPECT_EQ(config->tokenizer_max_length, 256U);
}

TEST(SentenceTransformers, PoolTheMeanWhereNothingIsSaid) {
  for (const auto* pooling : {"", "{}", R"({"pooling_mode":"mean"})"}) {
    const auto config = read({.modules = kModules, .pooling = pooling});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->bi_encoder.pooling, Pooling::mean);
  }
}

TEST(SentenceTransformers, LeaveCrossEncodersAlone) {
  EXPECT_FALSE(read({})->is_bi_encoder);
  const auto config = read({.modules = R"([{"type":"sentence_transformers.models.Transformer"}])"});
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->is_bi_encoder);
}

TEST(SentenceTransformers, GiveWayToPodiumsOwnSection) {
  const auto config = read({.modules = kModules}, R"({"podium":{"head":"cross-encoder"}})");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->is_bi_encoder);
}

TEST(SentenceTransformers, AreRefusedWhereTheyAreBroken) {
  const auto message = [](const SentenceTransformersFiles& files) {
    const auto config = read(files);
    return config ? std::string("read") : config.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(message({.modules = "[{"}), HasSubstr("m/modules.json"));
  EXPECT_THAT(message({.modules = R"([{"type":"a.Pooling"},{"type":"a.Dense"}])"}),
              HasSubstr("\"Dense\""));
  EXPECT_THAT(message({.modules = kModules, .pooling = R"({"pooling_mode_max_tokens":true})"}),
              HasSubstr("\"max\""));
  EXPECT_THAT(message({.modules = kModules, .pooling = R"({"pooling_mode_cls_token":true,
                                      "pooling_mode_mean_tokens":true})"}),
              HasSubstr("\"mean+cls\""));
  EXPECT_THAT(message({.modules = kModules, .pooling = R"({"pooling_mode":7})"}),
              HasSubstr("1_Pooling/config.json"));
  EXPECT_THAT(message({.modules = kModules, .prompts = R"({"prompts":[]})"}),
              HasSubstr("\"prompts\""));
  EXPECT_THAT(message({.modules = kModules, .limits = R"({"max_seq_length":0})"}),
              HasSubstr("\"max_seq_length\""));
}

}  // namespace
}  // namespace podium::hub
