// The lists and vectors that clients of OpenAI's API know: models, and embeddings where the model
// has vectors (Jina's shape is the same). It ranks nothing.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/tei_pages.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

void write_model(json::Writer& out, const ServedModel& model) {
  const ModelInfo& info = model.info();
  out.begin_object().key("id").value(model.name()).key("object").value("model");
  out.key("created").value(model.created()).key("owned_by").value("podium");
  out.key("name").value(info.name).key("context_length").value(std::uint64_t{info.max_length});
  out.key("input_modalities").begin_array().value("text").end_array();
  out.key("output_modalities").begin_array().value("score").end_array();
  out.key("quantization").value(info.precision);
  out.key("architecture").value(info.architecture).key("head").value(info.head);
  out.key("parameters").value(info.parameters).end_object();
}

Parsed<HttpResponse> list_models(const HttpRequest&, const json::Value&, const Models& models) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("object").value("list").key("data").begin_array();
  for (const auto& model : models.list()) write_model(out, *model);
  out.end_array().end_object();
  return response;
}

Parsed<HttpResponse> one_model(const HttpRequest& request, const json::Value&,
                               const Models& models) {
  const std::string_view path = request.path;
  const std::string_view name = path.substr(path.find("/models/") + 8);
  for (const auto& model : models.list()) {
    if (model->name() != name) continue;
    HttpResponse response;
    json::Writer out(response.body);
    write_model(out, *model);
    return response;
  }
  return tl::unexpected(
      BadRequest{Fault::unknown_model,
                 {ErrorCode::not_found, fmt::format("no model is called '{}'", name),
                  "GET /v1/models lists the models."},
                 "model"});
}

// The bytes of floats as OpenAI's clients ask for them by default.
std::string base64(std::span<const float> vector) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto bytes = std::as_bytes(vector);
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? std::to_integer<std::uint32_t>(bytes[j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

void write_vector(json::Writer& out, std::span<const float> vector, bool as_base64) {
  if (as_base64) {
    out.value(base64(vector));
    return;
  }
  out.begin_array();
  for (const float number : vector) out.value(static_cast<double>(number));
  out.end_array();
}

Parsed<HttpResponse> embeddings(const HttpRequest& request, const json::Value& body,
                                const Models& models) {
  const auto format = body.find("encoding_format");
  const bool as_base64 = format && format->as_string() == "base64";
  if (format && !format->is_null() && !as_base64 && format->as_string() != "float") {
    return tl::unexpected(
        BadRequest{Fault::schema,
                   {ErrorCode::invalid_argument, "encoding_format is neither float nor base64", {}},
                   "encoding_format"});
  }
  auto texts = page_texts(request, body, "input");
  if (!texts) return tl::unexpected(std::move(texts).error());
  auto model = page_model(body, models);
  if (!model) return tl::unexpected(std::move(model).error());
  // Jina's tasks name the side; OpenAI's clients embed what is searched for and in alike
  const auto task = body.find("task");
  const bool query = task && task->as_string().value_or("").ends_with("query");
  auto vectors = page_vectors(**model, *texts, query);
  if (!vectors) return tl::unexpected(std::move(vectors).error());
  std::size_t tokens = 0;
  for (const std::string& text : *texts) {
    if (const auto found = (*model)->tokenize(text)) tokens += found->size();
  }
  const std::size_t size = vectors->size() / texts->size();
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("object").value("list").key("data").begin_array();
  for (std::size_t i = 0; i < texts->size(); ++i) {
    out.begin_object().key("object").value("embedding").key("index").value(std::uint64_t{i});
    out.key("embedding");
    write_vector(out, std::span(*vectors).subspan(i * size, size), as_base64);
    out.end_object();
  }
  out.end_array().key("model").value((*model)->name()).key("usage").begin_object();
  out.key("prompt_tokens").value(std::uint64_t{tokens});
  out.key("total_tokens").value(std::uint64_t{tokens}).end_object().end_object();
  return response;
}

bool claims(const HttpRequest&, const json::Value&) { return false; }

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  in.fail(Fault::not_found, "this API ranks nothing", "POST /v1/rerank ranks documents.");
  return in.finish({});
}

HttpResponse answer(const Answer&) { return {}; }

HttpResponse refuse(const Refusal& refusal) {
  return merged_refusal(refusal, status_without_422(refusal.fault));
}

constexpr std::string_view kModelList =
    R"({"type":"object","required":["object","data"],"properties":{"object":{"type":"string"},)"
    R"("data":{"type":"array","items":{"type":"object","required":["id"]}}}})";
constexpr std::string_view kEmbeddingRequest =
    R"({"type":"object","required":["input"],"properties":{"model":"@Model","input":"@TextOrTexts",)"
    R"("encoding_format":{"enum":["float","base64",null]}}})";
constexpr std::string_view kEmbeddingResponse =
    R"({"type":"object","required":["object","data","model","usage"],"properties":{"data":{"type":"array","items":{)"
    R"("type":"object","required":["object","index","embedding"]}},"usage":"@Usage"}})";

constexpr Route kRoutes[] = {
    {"GET", "/v1/models", "The models that are loaded", "", kModelList, list_models},
    {"GET", "/models", "The same", "", kModelList, list_models},
    {"GET", "/v1/models/*", "One of them", "", schema::kAny, one_model},
    {"POST", "/v1/embeddings", "The vectors of texts, where the model has them", kEmbeddingRequest,
     kEmbeddingResponse, embeddings},
    {"POST", "/embeddings", "The same", kEmbeddingRequest, kEmbeddingResponse, embeddings},
};

}  // namespace

const Dialect kOpenAi{"openai", "OpenAI's models and embeddings", kRoutes, claims, parse, answer,
                      refuse};

}  // namespace podium::server
