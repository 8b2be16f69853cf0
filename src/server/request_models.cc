#include "server/request_models.h"

#include <algorithm>

#include "base/error.h"

namespace podium::server {

namespace {

// A vector is thousands of bytes of JSON, a text may be one. OpenAI's limit.
constexpr std::size_t kMostVectors = 2048;
constexpr std::size_t kTextsAtOnce = 32;  // between two looks at the clock

class RequestModel final : public ServedModel {
 public:
  RequestModel(std::shared_ptr<const LoadedModel> model, const Caller& caller)
      : model_(std::move(model)), caller_(caller) {}

  std::string_view name() const override { return model_->name(); }
  std::int64_t created() const override { return model_->created(); }
  const ModelInfo& info() const override { return model_->info(); }

  Result<std::vector<TokenSpan>> tokenize(std::string_view text) const override {
    PODIUM_CHECK(go_on());
    return model_->tokenize(text);
  }

  Result<std::vector<float>> embed(std::span<const std::string_view> texts,
                                   bool query) const override {
    if (texts.size() > kMostVectors) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("there are {} texts, more than the {} of one request", texts.size(),
                              kMostVectors),
                  "Send them in several requests.");
    }
    std::vector<float> vectors;
    for (std::size_t first = 0; first < texts.size(); first += kTextsAtOnce) {
      PODIUM_CHECK(go_on());
      const auto some = texts.subspan(first, std::min(kTextsAtOnce, texts.size() - first));
      PODIUM_TRY(const auto more, model_->embed(some, query));
      vectors.insert(vectors.end(), more.begin(), more.end());
    }
    return vectors;
  }

 private:
  Result<void> go_on() const {
    if (caller_.abandoned.stop_requested()) return fail(ErrorCode::cancelled, "the client hung up");
    if (std::chrono::steady_clock::now() < caller_.deadline) return {};
    return fail(ErrorCode::deadline_exceeded, "the request's time was over",
                "Send fewer texts, or allow more time with X-Request-Timeout: SECONDS.");
  }

  const std::shared_ptr<const LoadedModel> model_;
  const Caller caller_;
};

}  // namespace

std::shared_ptr<const ServedModel> RequestModels::find(std::string_view name) const {
  auto model = models_.find_loaded(name);
  if (model == nullptr) return nullptr;
  return std::make_shared<RequestModel>(std::move(model), caller_);
}

}  // namespace podium::server
