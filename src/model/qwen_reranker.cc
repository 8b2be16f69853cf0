// Decoders that answer a prompt with one of two words: Qwen3-Reranker ("yes" or "no") and
// mxbai-rerank-v2 on Qwen2 ("1" or "0"). The logit is the difference of the two words' logits,
// whose sigmoid is the softmax over the two. Only these two rows of the output embeddings are used;
// a conversion to a classifier has their difference as score.weight.
#include "model/architectures.h"
#include "model/qwen.h"

namespace podium::model {

namespace {

class QwenReranker final : public Model {
 public:
  QwenReranker(std::unique_ptr<Transformer> decoder, std::vector<float> yes, std::vector<float> no,
               Description description)
      : decoder_(std::move(decoder)),
        yes_(std::move(yes)),
        no_(std::move(no)),
        description_(std::move(description)) {}

  std::size_t output_size() const override { return 1; }
  const Description& description() const override { return description_; }

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override {
    return make_shared_workspace(*decoder_, max_tokens, max_length, workers);
  }

  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override {
    forward_shared(*decoder_, batch, Rows::last, workspace, pool);
    const std::size_t hidden = decoder_->hidden_size();
    for (std::size_t s = 0; s < batch.sequences(); ++s) {
      const float* state = workspace.states.data() + s * hidden;
      double difference = 0;
      for (std::size_t i = 0; i < hidden; ++i) {
        difference += static_cast<double>(state[i]) *
                      (static_cast<double>(yes_[i]) - static_cast<double>(no_[i]));
      }
      out[s] = static_cast<float>(difference);
    }
  }

 private:
  std::unique_ptr<Transformer> decoder_;
  std::vector<float> yes_;
  std::vector<float> no_;
  Description description_;
};

// A word's row of the output embeddings, which may be the input's.
Result<std::vector<float>> output_row(const LoadContext& context, const Embeddings& embeddings,
                                      std::string_view word) {
  const std::int32_t id = context.token_id ? context.token_id(word) : -1;
  const std::size_t rows = context.config.vocab_size;
  if (id < 0 || static_cast<std::size_t>(id) >= rows) {
    return fail(
        ErrorCode::malformed,
        fmt::format("tokenizer.json of {} has no token \"{}\", which the model answers with",
                    context.checkpoint.name(), word),
        "The tokenizer belongs to another model.");
  }
  hub::Matrix table = embeddings.words();
  if (const hub::TensorView* own = context.checkpoint.find("lm_head.weight")) {
    PODIUM_TRY(table, hub::as_matrix(*own, rows, context.config.hidden_size));
  }
  hub::Matrix row = table;
  row.data += static_cast<std::size_t>(id) * row.row_bytes;
  row.rows = 1;
  PODIUM_CHECK(hub::check_finite(row));
  std::vector<float> values(row.cols);
  hub::copy_row_as_f32(row, 0, values.data());
  return values;
}

}  // namespace

bool matches_qwen_reranker(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "qwen3" || config.model_type == "qwen2";
}

Result<std::unique_ptr<Model>> load_qwen_reranker(const LoadContext& context) {
  const hub::ModelConfig& config = context.config;
  WeightReader reader(context);
  // What the published rerankers are used with, though their positions go on.
  constexpr std::size_t kMaxLength = 8192;
  PODIUM_TRY(auto decoder, load_qwen(context, reader, "model.", kMaxLength));
  std::vector<float> yes;
  std::vector<float> no(decoder->hidden_size());
  if (context.checkpoint.find("score.weight") != nullptr) {
    PODIUM_TRY(yes, reader.vector("score.weight", decoder->hidden_size()));
  } else {
    const bool qwen3 = config.model_type == "qwen3";
    PODIUM_TRY(yes, output_row(context, decoder->embeddings(), qwen3 ? "yes" : "1"));
    PODIUM_TRY(no, output_row(context, decoder->embeddings(), qwen3 ? "no" : "0"));
  }
  Description description;
  reader.describe(description);
  description.architecture = config.model_type == "qwen3" ? "qwen3-reranker" : "qwen2-reranker";
  description.max_length = decoder->max_length();
  return std::make_unique<QwenReranker>(std::move(decoder), std::move(yes), std::move(no),
                                        std::move(description));
}

}  // namespace podium::model
