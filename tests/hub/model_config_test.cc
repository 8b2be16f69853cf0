#include "hub/model_config.h"

#include <string>

#include "hub/builtin_model.h"
#include "model_files.h"

namespace podium::hub {
namespace {

Result<ModelConfig> read(std::string_view config, std::string_view tokenizer_config = "") {
  const std::string weights = safetensors_with({"a"});
  const auto checkpoint =
      Checkpoint::open(MemoryFiles{"m", config, "{}", tokenizer_config, bytes_of(weights)});
  return read_model_config(*checkpoint);
}

TEST(ModelConfig, TakesTheDefaultsOfTransformers) {
  const auto config = read("{}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->model_type, "");
  EXPECT_EQ(config->hidden_size, 768U);
  EXPECT_EQ(config->num_hidden_layers, 12U);
  EXPECT_EQ(config->num_attention_heads, 12U);
  EXPECT_EQ(config->intermediate_size, 3072U);
  EXPECT_EQ(config->vocab_size, 30522U);
  EXPECT_EQ(config->max_position_embeddings, 512U);
  EXPECT_EQ(config->type_vocab_size, 2U);
  EXPECT_EQ(config->pad_token_id, 0);
  EXPECT_EQ(config->hidden_act, "gelu");
  EXPECT_EQ(config->position_embedding_type, "absolute");
  EXPECT_FLOAT_EQ(config->layer_norm_eps, 1e-12F);
  EXPECT_EQ(config->num_labels, 0U);
  EXPECT_FALSE(config->is_bi_encoder);
  EXPECT_FALSE(config->q4_0_weights);
  EXPECT_EQ(config->tokenizer_max_length, 0U);
}

TEST(ModelConfig, ReadsJinaV2WhichHasNoModelType) {
  const auto config = read(
      R"({"architectures":["XLMRobertaForSequenceClassification"],"hidden_size":1024,
          "num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096,
          "vocab_size":250002,"max_position_embeddings":1026,"type_vocab_size":1,
          "layer_norm_eps":1e-05,"classifier_dropout":null,"num_labels":1,
          "id2label":{"0":"LABEL_0"}})",
      R"({"model_max_length":1024})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->architectures, testing::ElementsAre("XLMRobertaForSequenceClassification"));
  EXPECT_EQ(config->hidden_size, 1024U);
  EXPECT_EQ(config->vocab_size, 250002U);
  EXPECT_EQ(config->max_position_embeddings, 1026U);
  EXPECT_EQ(config->type_vocab_size, 1U);
  EXPECT_EQ(config->pad_token_id, 1);  // RoBERTa's, from the architecture
  EXPECT_FLOAT_EQ(config->layer_norm_eps, 1e-5F);
  EXPECT_EQ(config->num_labels, 1U);
  EXPECT_EQ(config->tokenizer_max_length, 1024U);
}

TEST(ModelConfig, ReadsTheBuiltInModel) {
  const auto checkpoint = Checkpoint::open(builtin_model());
  ASSERT_TRUE(checkpoint);
  const auto config = read_model_config(*checkpoint);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->is_bi_encoder);
  EXPECT_TRUE(config->q4_0_weights);
  EXPECT_EQ(config->bi_encoder.query_prefix, "query: ");
  EXPECT_EQ(config->bi_encoder.document_prefix, "passage: ");
  EXPECT_TRUE(config->is_late_interaction);
  EXPECT_EQ(config->display_name, "podium-e5-small");
  EXPECT_EQ(config->tokenizer_max_length, 512U);
}

TEST(ModelConfig, CountsLabelsAsTransformersDoes) {
  EXPECT_EQ(read(R"({"id2label":{"0":"a","1":"b","2":"c"}})")->num_labels, 3U);
  EXPECT_EQ(read(R"({"num_labels":4})")->num_labels, 4U);
  EXPECT_EQ(read(R"({"num_labels":4,"id2label":{"0":"a"}})")->num_labels, 1U);
}

TEST(ModelConfig, TakesAVeryLargeTokenizerLengthAsNone) {
  for (const char* length : {"1e30", "1000000000000000019884624838656", "1e12", "null"}) {
    const auto config = read("{}", fmt::format(R"({{"model_max_length":{}}})", length));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->tokenizer_max_length, 0U);
  }
  EXPECT_EQ(read("{}", R"({"model_max_length":512.0})")->tokenizer_max_length, 512U);
}

TEST(ModelConfig, TakesNullAsAbsent) {
  const auto config =
      read(R"({"hidden_size":null,"architectures":null,"quantization_config":null,"podium":null})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->hidden_size, 768U);
}

TEST(ModelConfig, RefusesWrongTypes) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"hidden_size":"768"})", "\"hidden_size\" must be an integer, not a string"},
      {R"({"hidden_size":768.5})", "\"hidden_size\" must be an integer from 1 to 65536, not 768.5"},
      {R"({"model_type":3})", "\"model_type\" must be a string, not a number"},
      {R"({"architectures":"x"})", "\"architectures\" must be an array of strings, not a string"},
      {R"({"architectures":[1]})", "\"architectures\" must be an array of strings, not a number"},
      {R"({"layer_norm_eps":[]})", "\"layer_norm_eps\" must be a number, not an array"},
      {R"({"id2label":[]})", "\"id2label\" must be an object, not an array"},
      {R"({"quantization_config":true})", "\"quantization_config\" must be an object"},
      {R"({"podium":1})", "\"podium\" must be an object, not a number"},
      {R"({"podium":{"calibration":{"scale":"x"}}})", "section \"calibration\": \"scale\" must be"},
      {R"([])", "m/config.json is not a JSON object"},
      {R"({)", "m/config.json is not valid JSON"}};
  for (const auto& [json, words] : cases) {
    EXPECT_TRUE(fails_with(read(json), ErrorCode::malformed, {"m/config.json", words})) << json;
  }
  EXPECT_TRUE(fails_with(read("{}", "[]"), ErrorCode::malformed, {"m/tokenizer_config.json"}));
  EXPECT_TRUE(fails_with(read("{}", R"({"model_max_length":"x"})"), ErrorCode::malformed,
                         {"m/tokenizer_config.json", "\"model_max_length\""}));
  EXPECT_TRUE(fails_with(read("{}", R"({"model_max_length":-1})"), ErrorCode::malformed,
                         {"m/tokenizer_config.json", "\"model_max_length\""}));
}

TEST(ModelConfig, RefusesSizesBeyondReason) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"hidden_size":0})", "\"hidden_size\" must be an integer from 1"},
      {R"({"hidden_size":-8})", "not -8"},
      {R"({"hidden_size":18446744073709551615})", "\"hidden_size\""},
      {R"({"num_hidden_layers":0})", "\"num_hidden_layers\""},
      {R"({"num_attention_heads":0})", "\"num_attention_heads\""},
      {R"({"intermediate_size":0})", "\"intermediate_size\""},
      {R"({"vocab_size":0})", "\"vocab_size\""},
      {R"({"vocab_size":16777217})", "\"vocab_size\""},
      {R"({"max_position_embeddings":0})", "\"max_position_embeddings\""},
      {R"({"hidden_size":770})", "770, which is no multiple of the 12 attention heads"},
      {R"({"hidden_size":65520,"vocab_size":250002})", "250002 x 65520 elements"},
      {R"({"hidden_size":65520})", "196560 x 65520 elements"},
      {R"({"pad_token_id":30522})", "\"pad_token_id\" must be an integer from 0 to 30521"},
      {R"({"pad_token_id":-1})", "\"pad_token_id\""},
      {R"({"layer_norm_eps":0})", "\"layer_norm_eps\" must be between 0 and 1"},
      {R"({"layer_norm_eps":1e300})", "\"layer_norm_eps\""},
      {R"({"num_labels":0})", "\"num_labels\""}};
  for (const auto& [json, words] : cases) {
    EXPECT_TRUE(fails_with(read(json), ErrorCode::malformed, {"m/config.json", words})) << json;
  }
}

TEST(ModelConfig, NamesWhatItDoesNotKnow) {
  EXPECT_TRUE(fails_with(read(R"({"quantization_config":{"quant_method":"gptq"}})"),
                         ErrorCode::unsupported,
                         {"\"quant_method\" is \"gptq\"", "quantised from"}));
  EXPECT_TRUE(fails_with(read(R"({"quantization_config":{}})"), ErrorCode::unsupported, {"none"}));
  EXPECT_TRUE(fails_with(read(R"({"podium":{"head":"colbert"}})"), ErrorCode::unsupported,
                         {"\"head\" is \"colbert\"", "bi-encoder"}));
  EXPECT_TRUE(fails_with(read(R"({"podium":{"pooling":"max"}})"), ErrorCode::unsupported,
                         {"\"pooling\" is \"max\""}));
}

}  // namespace
}  // namespace podium::hub
