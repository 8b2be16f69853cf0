#include "server/api/tei_pages.h"

#include "server/api/reading.h"

namespace podium::server {

namespace {

tl::unexpected<BadRequest> fault_of(const Error& error) {
  Fault fault = Fault::schema;
  switch (error.code) {
    case ErrorCode::unsupported: fault = Fault::unsupported; break;
    case ErrorCode::overloaded: fault = Fault::overloaded; break;
    case ErrorCode::deadline_exceeded:
    case ErrorCode::cancelled: fault = Fault::timed_out; break;
    default: break;
  }
  return tl::unexpected(BadRequest{fault, error, {}});
}

// "<s>" or "[CLS]": what the template adds, unlike a word's own mark of an empty range.
bool is_bracketed(std::string_view piece) {
  return piece.starts_with('<') || piece.starts_with('[');
}

}  // namespace

Parsed<std::shared_ptr<const ServedModel>> page_model(const json::Value& body,
                                                      const Models& models) {
  std::string_view name;
  if (const auto member = body.find("model"); member && !member->is_null()) {
    const auto text = member->as_string();
    if (!text) {
      return tl::unexpected(
          BadRequest{Fault::schema,
                     {ErrorCode::invalid_argument,
                      fmt::format("model is {}, not a string", json::type_name(member->type())),
                      {}},
                     "model"});
    }
    name = *text;
  }
  auto model = models.find(name);
  if (model) return model;
  return tl::unexpected(BadRequest{
      name.empty() ? Fault::unavailable : Fault::unknown_model,
      {ErrorCode::not_found, name.empty() ? "no model is loaded" : "no model has this name",
       "GET /v1/models lists the models."},
      "model"});
}

Parsed<std::vector<std::string>> page_texts(const HttpRequest& request, const json::Value& body,
                                            std::string_view key) {
  Reader in(request, body);
  std::vector<std::string> texts;
  const auto value = in.find(key);
  if (const auto text = value ? value->as_string() : std::nullopt) {
    texts.emplace_back(*text);
  } else {
    texts = in.texts(key);
  }
  if (texts.empty()) in.fail(Fault::empty, fmt::format("{} is empty", key), "Send a text.", key);
  auto call = in.finish({});
  if (!call) return tl::unexpected(std::move(call).error());
  return texts;
}

Parsed<std::vector<float>> page_vectors(const ServedModel& model,
                                        const std::vector<std::string>& texts, bool query) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  auto vectors = model.embed(views, query);
  if (!vectors) return fault_of(vectors.error());
  return *std::move(vectors);
}

Parsed<HttpResponse> tei_info(const HttpRequest&, const json::Value& body, const Models& models) {
  auto model = page_model(body, models);
  if (!model) return tl::unexpected(std::move(model).error());
  const ModelInfo& info = (*model)->info();
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("model_id").value(info.name).key("model_sha").null();
  out.key("model_dtype").value(info.precision);
  out.key("served_model_name").value((*model)->name());
  out.key("model_type").begin_object().key("reranker").begin_object();
  out.key("id2label").begin_object().key("0").value("LABEL_0").end_object();
  out.key("label2id").begin_object().key("LABEL_0").value(0).end_object();
  out.end_object().end_object();
  out.key("max_concurrent_requests").value(512);
  out.key("max_input_length").value(std::uint64_t{info.max_length});
  out.key("max_batch_tokens").value(std::uint64_t{info.batch_tokens});
  out.key("max_batch_requests").null().key("max_client_batch_size").value(100000);
  out.key("auto_truncate").value(true);
  out.key("tokenization_workers").value(info.threads);
  out.key("version").value(PODIUM_VERSION).key("sha").null().key("docker_label").null();
  out.end_object();
  return response;
}

Parsed<HttpResponse> tei_tokenize(const HttpRequest& request, const json::Value& body,
                                  const Models& models) {
  auto texts = page_texts(request, body, "inputs");
  if (!texts) return tl::unexpected(std::move(texts).error());
  auto model = page_model(body, models);
  if (!model) return tl::unexpected(std::move(model).error());
  Reader in(request, body);
  const bool specials = in.flag("add_special_tokens").value_or(true);
  if (auto read = in.finish({}); !read) return tl::unexpected(std::move(read).error());
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_array();
  for (const std::string& text : *texts) {
    auto tokens = (*model)->tokenize(text);
    if (!tokens) return fault_of(tokens.error());
    out.begin_array();
    for (const TokenSpan& token : *tokens) {
      const bool special = token.begin == token.end && is_bracketed(token.piece);
      if (special && !specials) continue;
      out.begin_object().key("id").value(token.id).key("text").value(token.piece);
      out.key("special").value(special).key("start");
      special ? out.null() : out.value(std::uint64_t{token.begin});
      out.key("stop");
      special ? out.null() : out.value(std::uint64_t{token.end});
      out.end_object();
    }
    out.end_array();
  }
  out.end_array();
  return response;
}

Parsed<HttpResponse> tei_embed(const HttpRequest& request, const json::Value& body,
                               const Models& models) {
  auto texts = page_texts(request, body, "inputs");
  if (!texts) return tl::unexpected(std::move(texts).error());
  auto model = page_model(body, models);
  if (!model) return tl::unexpected(std::move(model).error());
  auto vectors = page_vectors(**model, *texts, false);
  if (!vectors) return tl::unexpected(std::move(vectors).error());
  const std::size_t size = vectors->size() / texts->size();
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_array();
  for (std::size_t i = 0; i < vectors->size(); ++i) {
    if (i % size == 0) out.begin_array();
    out.value(static_cast<double>((*vectors)[i]));
    if (i % size == size - 1) out.end_array();
  }
  out.end_array();
  return response;
}

}  // namespace podium::server
