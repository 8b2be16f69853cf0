#include "model/heads.h"

#include <cmath>

namespace podium::model {

namespace {

class CrossEncoder final : public Model {
 public:
  CrossEncoder(PostNormEncoder encoder, Linear dense, Linear out, Description description)
      : encoder_(std::move(encoder)),
        dense_(std::move(dense)),
        out_(std::move(out)),
        description_(std::move(description)) {}

  std::size_t output_size() const override { return 1; }
  const Description& description() const override { return description_; }

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override {
    return encoder_.make_workspace(max_tokens, max_length, workers);
  }

  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override {
    encoder_.forward(batch, PostNormEncoder::Rows::first, workspace, pool);
    const kernels::Kernels& kernels = encoder_.kernels();
    const std::size_t hidden = encoder_.hidden_size();
    const std::size_t count = batch.sequences();
    float* pooled = workspace.query_key_value.data();
    float* scratch = workspace.scratch.front().data();
    dense_.apply(kernels, workspace.states.data(), hidden, count, pooled, hidden, scratch);
    for (std::size_t i = 0; i < count * hidden; ++i) pooled[i] = std::tanh(pooled[i]);
    out_.apply(kernels, pooled, hidden, count, out, 1, scratch);
  }

 private:
  PostNormEncoder encoder_;
  Linear dense_;
  Linear out_;
  Description description_;
};

class BiEncoder final : public Model {
 public:
  BiEncoder(PostNormEncoder encoder, Description description)
      : encoder_(std::move(encoder)), description_(std::move(description)) {}

  std::size_t output_size() const override { return encoder_.hidden_size(); }
  const Description& description() const override { return description_; }

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override {
    return encoder_.make_workspace(max_tokens, max_length, workers);
  }

  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override {
    encoder_.forward(batch, PostNormEncoder::Rows::all, workspace, pool);
    pool.parallel_for(batch.sequences(), [&](std::size_t s, int) {
      pool_mean(workspace.states.data() + batch.cu_seqlens[s] * output_size(), batch.length(s),
                out + s * output_size());
    });
  }

 private:
  void pool_mean(const float* states, std::size_t rows, float* out) const {
    const std::size_t hidden = output_size();
    double square = 0;
    for (std::size_t i = 0; i < hidden; ++i) {
      double sum = 0;
      for (std::size_t row = 0; row < rows; ++row)
        sum += static_cast<double>(states[row * hidden + i]);
      sum /= static_cast<double>(rows);
      out[i] = static_cast<float>(sum);
      square += sum * sum;
    }
    const double inverse = square > 0 ? 1 / std::sqrt(square) : 0;
    for (std::size_t i = 0; i < hidden; ++i) {
      out[i] = static_cast<float>(static_cast<double>(out[i]) * inverse);
    }
  }

  PostNormEncoder encoder_;
  Description description_;
};

Description describe(const WeightReader& reader, const PostNormEncoder& encoder,
                     std::string_view architecture, bool is_bi_encoder) {
  Description description;
  reader.describe(description);
  description.architecture = architecture;
  description.is_bi_encoder = is_bi_encoder;
  description.max_length = encoder.max_length();
  return description;
}

// The number of labels is what the tensor says: published configs often leave it out.
Result<void> check_one_label(const LoadContext& context, const std::string& out) {
  const hub::TensorView* weight = context.checkpoint.find(out + ".weight");
  if (weight == nullptr || weight->shape.empty() || weight->shape[0] == 1) return {};
  return fail(ErrorCode::unsupported,
              fmt::format("{} has {} labels ('{}.weight' is {}); a reranker has one",
                          context.checkpoint.name(), weight->shape[0], out, weight->shape_text()),
              "Use a checkpoint trained for relevance with a single output.");
}

}  // namespace

Result<std::unique_ptr<Model>> make_cross_encoder(const LoadContext& context,
                                                  std::string_view architecture,
                                                  const EncoderNames& names, Positions positions,
                                                  const std::string& dense,
                                                  const std::string& out) {
  WeightReader reader(context);
  PODIUM_CHECK(check_one_label(context, out));
  PODIUM_TRY(PostNormEncoder encoder, PostNormEncoder::load(context, reader, names, positions));
  const std::size_t hidden = encoder.hidden_size();
  PODIUM_TRY(Linear dense_layer, reader.linear_f32(dense, hidden, hidden));
  PODIUM_TRY(Linear out_layer, reader.linear_f32(out, 1, hidden));
  Description description = describe(reader, encoder, architecture, false);
  return std::make_unique<CrossEncoder>(std::move(encoder), std::move(dense_layer),
                                        std::move(out_layer), std::move(description));
}

Result<std::unique_ptr<Model>> make_bi_encoder(const LoadContext& context,
                                               std::string_view architecture,
                                               const EncoderNames& names, Positions positions) {
  WeightReader reader(context);
  PODIUM_TRY(PostNormEncoder encoder, PostNormEncoder::load(context, reader, names, positions));
  Description description = describe(reader, encoder, architecture, true);
  return std::make_unique<BiEncoder>(std::move(encoder), std::move(description));
}

}  // namespace podium::model
