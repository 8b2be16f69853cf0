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

Parsed<HttpResponse> embeddings(const HttpRequest& request, const json::Value& body,
                                const Models& models) {
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
    out.key("embedding").begin_array();
    for (std::size_t j = 0; j < size; ++j) {
      out.value(static_cast<double>((*vectors)[i * size + j]));
    }
    out.end_array().end_object();
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
    R"({"type":"object","required":["input"],"properties":{"model":{"type":["string","null"]},)"
    R"("input":{"anyOf":[{"type":"string","minLength":1},{"type":"array","minItems":1,"items":{"type":"string","minLength":1}}]},)"
    R"("task":{"type":["string","null"]}}})";

constexpr Route kRoutes[] = {
    {"GET", "/v1/models", "The models that are loaded", "", kModelList, list_models},
    {"GET", "/models", "The same", "", kModelList, list_models},
    {"GET", "/v1/models/*", "One of them", "", schema::kAny, one_model},
    {"POST", "/v1/embeddings", "The vectors of texts, where the model has them", kEmbeddingRequest,
     schema::kDataResponse, embeddings},
    {"POST", "/embeddings", "The same", kEmbeddingRequest, schema::kDataResponse, embeddings},
};

}  // namespace

const Dialect kOpenAi{"openai", "OpenAI's models and embeddings", kRoutes, claims, parse, answer,
                      refuse};

}  // namespace podium::server
