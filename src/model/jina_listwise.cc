// jina-reranker-v3 (Wang et al. 2025, arXiv 2509.25085): a Qwen3 decoder that reads all documents
// in one context. The state of a special token behind each document, and of one behind the query,
// go through a projector; the cosine of the two is the score.
#include <algorithm>

#include "model/architectures.h"
#include "model/listwise_tokens.h"
#include "model/qwen.h"

namespace podium::model {

namespace {

class JinaListwise final : public Model {
 public:
  JinaListwise(std::unique_ptr<Transformer> decoder, Linear wide, Linear narrow,
               std::size_t wide_size, std::size_t narrow_size, std::vector<std::int32_t> marks,
               Description description)
      : decoder_(std::move(decoder)),
        wide_(std::move(wide)),
        narrow_(std::move(narrow)),
        wide_size_(wide_size),
        narrow_size_(narrow_size),
        marks_(std::move(marks)),
        description_(std::move(description)) {}

  std::size_t output_size() const override { return narrow_size_; }
  const Description& description() const override { return description_; }

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override {
    return decoder_->make_workspace(max_tokens, max_length, workers);
  }

  // out: one row per marked token of the batch, in order.
  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override {
    decoder_->forward(batch, Rows::all, workspace, pool);
    const std::size_t hidden = decoder_->hidden_size();
    std::vector<float> inner(wide_size_);
    float* scratch = workspace.scratch.front().data();
    for (std::size_t row = 0; row < batch.tokens(); ++row) {
      if (std::find(marks_.begin(), marks_.end(), batch.token_ids[row]) == marks_.end()) continue;
      const float* state = workspace.states.data() + row * hidden;
      wide_.apply(decoder_->kernels(), state, hidden, 1, inner.data(), wide_size_, scratch);
      for (float& value : inner) value = std::max(value, 0.0F);
      narrow_.apply(decoder_->kernels(), inner.data(), wide_size_, 1, out, narrow_size_, scratch);
      out += narrow_size_;
    }
  }

 private:
  std::unique_ptr<Transformer> decoder_;
  Linear wide_;
  Linear narrow_;
  std::size_t wide_size_;
  std::size_t narrow_size_;
  std::vector<std::int32_t> marks_;
  Description description_;
};

// The rows of a projection, which config.json does not say.
Result<std::size_t> rows_of(const LoadContext& context, const char* name) {
  const hub::TensorView* tensor = context.checkpoint.find(name);
  if (tensor != nullptr && tensor->shape.size() == 2) return tensor->shape[0];
  return fail(ErrorCode::not_found,
              fmt::format("{} has no matrix '{}'", context.checkpoint.name(), name),
              "The checkpoint is incomplete.");
}

}  // namespace

bool matches_jina_listwise(const hub::Checkpoint&, const hub::ModelConfig& config) {
  return config.model_type == "qwen3" && !config.architectures.empty() &&
         config.architectures[0] == "JinaForRanking";
}

Result<std::unique_ptr<Model>> load_jina_listwise(const LoadContext& context) {
  // More is read in several contexts: at 131,072 tokens the activations alone take gigabytes.
  constexpr std::size_t kMaxContext = 32768;
  std::vector<std::int32_t> marks;
  for (const std::string_view word : {kDocumentMark, kQueryMark}) {
    marks.push_back(context.token_id ? context.token_id(word) : -1);
    if (marks.back() >= 0) continue;
    return fail(
        ErrorCode::malformed,
        fmt::format("tokenizer.json of {} has no token \"{}\"", context.checkpoint.name(), word),
        "The tokenizer belongs to another model.");
  }
  WeightReader reader(context);
  PODIUM_TRY(auto decoder, load_qwen(context, reader, "model.", kMaxContext));
  const std::size_t hidden = decoder->hidden_size();
  PODIUM_TRY(const std::size_t wide_size, rows_of(context, "projector.0.weight"));
  PODIUM_TRY(const std::size_t narrow_size, rows_of(context, "projector.2.weight"));
  PODIUM_TRY(Linear wide, reader.linear_f32("projector.0", wide_size, hidden, false));
  PODIUM_TRY(Linear narrow, reader.linear_f32("projector.2", narrow_size, wide_size, false));
  Description description;
  reader.describe(description);
  description.architecture = "jina-listwise";
  description.is_listwise = true;
  description.max_length = decoder->max_length();
  return std::make_unique<JinaListwise>(std::move(decoder), std::move(wide), std::move(narrow),
                                        wide_size, narrow_size, std::move(marks),
                                        std::move(description));
}

}  // namespace podium::model
