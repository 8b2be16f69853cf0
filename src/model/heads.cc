#include "model/heads.h"

#include <algorithm>
#include <cmath>

#include "base/profile.h"

namespace podium::model {

namespace {

Rows rows_of(hub::Pooling pooling) {
  switch (pooling) {
    case hub::Pooling::first: return Rows::first;
    case hub::Pooling::last: return Rows::last;
    case hub::Pooling::mean: return Rows::all;
  }
  return Rows::all;
}

// One state per sequence: out is [sequences, hidden_size].
void pool_states(const Encoder& encoder, hub::Pooling pooling, const batch::PackedBatch& batch,
                 Workspace& workspace, ThreadPool& pool, float* out) {
  encoder.forward(batch, rows_of(pooling), workspace, pool);
  const std::size_t hidden = encoder.hidden_size();
  const float* states = workspace.states.data();
  pool.parallel_for(batch.sequences(), [&](std::size_t s, int) {
    const profile::Scope scope(profile::Stage::head);
    if (pooling == hub::Pooling::mean) {
      pool_mean(states + batch.cu_seqlens[s] * hidden, batch.length(s), hidden, out + s * hidden);
    } else {
      std::copy_n(states + s * hidden, hidden, out + s * hidden);
    }
  });
}

struct Head {
  Linear dense;
  Linear out;
  LayerNorm norm;
  HeadActivation activation = HeadActivation::tanh;
  hub::Pooling pooling = hub::Pooling::first;
};

class CrossEncoder final : public Model {
 public:
  CrossEncoder(std::unique_ptr<Encoder> encoder, Head head, Description description)
      : encoder_(std::move(encoder)),
        head_(std::move(head)),
        description_(std::move(description)) {}

  std::size_t output_size() const override { return 1; }
  const Description& description() const override { return description_; }

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override {
    return encoder_->make_workspace(max_tokens, max_length, workers);
  }

  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override {
    const kernels::Kernels& kernels = encoder_->kernels();
    const std::size_t hidden = encoder_->hidden_size();
    const std::size_t count = batch.sequences();
    float* pooled = workspace.query_key_value.data();
    float* projected = pooled + count * hidden;
    float* scratch = workspace.scratch.front().data();
    pool_states(*encoder_, head_.pooling, batch, workspace, pool, pooled);
    const profile::Scope scope(profile::Stage::head);
    head_.dense.apply(kernels, pooled, hidden, count, projected, hidden, scratch);
    activate(projected, count * hidden);
    if (!head_.norm.gamma.empty()) {
      kernels.add_layer_norm_f32(projected, nullptr, head_.norm.gamma.data(),
                                 head_.norm.beta.data(), head_.norm.eps, projected, count, hidden);
    }
    head_.out.apply(kernels, projected, hidden, count, out, 1, scratch);
  }

 private:
  void activate(float* x, std::size_t count) const {
    switch (head_.activation) {
      case HeadActivation::tanh:
        for (std::size_t i = 0; i < count; ++i) x[i] = std::tanh(x[i]);
        break;
      case HeadActivation::gelu: encoder_->kernels().gelu_f32(x, count); break;
      case HeadActivation::relu:
        for (std::size_t i = 0; i < count; ++i) x[i] = std::max(x[i], 0.0F);
        break;
    }
  }

  std::unique_ptr<Encoder> encoder_;
  Head head_;
  Description description_;
};

class BiEncoder final : public Model {
 public:
  BiEncoder(std::unique_ptr<Encoder> encoder, hub::Pooling pooling, Description description)
      : encoder_(std::move(encoder)), pooling_(pooling), description_(std::move(description)) {}

  std::size_t output_size() const override { return encoder_->hidden_size(); }
  const Description& description() const override { return description_; }

  Workspace make_workspace(std::size_t max_tokens, std::size_t max_length,
                           int workers) const override {
    return encoder_->make_workspace(max_tokens, max_length, workers);
  }

  void forward(const batch::PackedBatch& batch, Workspace& workspace, ThreadPool& pool,
               float* out) const override {
    pool_states(*encoder_, pooling_, batch, workspace, pool, out);
    const profile::Scope scope(profile::Stage::head);
    for (std::size_t s = 0; s < batch.sequences(); ++s) {
      to_unit_length(out + s * output_size(), output_size());
    }
  }

 private:
  std::unique_ptr<Encoder> encoder_;
  hub::Pooling pooling_;
  Description description_;
};

}  // namespace

void pool_mean(const float* states, std::size_t rows, std::size_t hidden, float* out) {
  for (std::size_t i = 0; i < hidden; ++i) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      sum += static_cast<double>(states[row * hidden + i]);
    }
    out[i] = static_cast<float>(sum / static_cast<double>(rows));
  }
}

double dot(const float* a, const float* b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

void to_unit_length(float* x, std::size_t count) {
  const double square = dot(x, x, count);
  const double inverse = square > 0 ? 1 / std::sqrt(square) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = static_cast<float>(static_cast<double>(x[i]) * inverse);
  }
}

Description describe(const WeightReader& reader, const Encoder& encoder,
                     std::string_view architecture, bool is_bi_encoder) {
  Description description;
  reader.describe(description);
  description.architecture = architecture;
  description.is_bi_encoder = is_bi_encoder;
  description.max_length = encoder.max_length();
  description.token_types = encoder.token_types();
  return description;
}

namespace {

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

Result<HeadActivation> read_head_activation(const hub::ModelConfig& config, std::string_view key) {
  hub::Fields fields = config.fields();
  std::string name = "gelu";
  fields.text(key, name);
  PODIUM_CHECK(fields.outcome());
  if (name == "gelu") return HeadActivation::gelu;
  if (name == "tanh") return HeadActivation::tanh;
  if (name == "relu") return HeadActivation::relu;
  fields.refuse_unknown(key, name, "Known: gelu, relu, tanh.");
  return tl::unexpected(fields.outcome().error());
}

Result<std::unique_ptr<Model>> make_cross_encoder(const LoadContext& context, WeightReader& reader,
                                                  std::string_view architecture,
                                                  std::unique_ptr<Encoder> encoder,
                                                  const HeadNames& names) {
  PODIUM_CHECK(check_one_label(context, names.out));
  const std::size_t hidden = encoder->hidden_size();
  Head head;
  PODIUM_TRY(head.dense, reader.linear_f32(names.dense, hidden, hidden, names.dense_bias));
  PODIUM_TRY(head.out, reader.linear_f32(names.out, 1, hidden));
  if (!names.norm.empty()) {
    PODIUM_TRY(head.norm, reader.layer_norm(names.norm, hidden, false));
  }
  head.activation = names.activation;
  head.pooling = names.pooling;
  Description description = describe(reader, *encoder, architecture, false);
  return std::make_unique<CrossEncoder>(std::move(encoder), std::move(head),
                                        std::move(description));
}

std::unique_ptr<Model> make_bi_encoder(const LoadContext& context, const WeightReader& reader,
                                       std::string_view architecture,
                                       std::unique_ptr<Encoder> encoder) {
  Description description = describe(reader, *encoder, architecture, true);
  return std::make_unique<BiEncoder>(std::move(encoder), context.config.bi_encoder.pooling,
                                     std::move(description));
}

}  // namespace podium::model
