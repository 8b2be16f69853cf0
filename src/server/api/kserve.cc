// KServe's Open Inference Protocol, version 2: tensors "query" and "documents" in, "scores" out, in
// the order of the documents.
#include "server/api/dialect_list.h"
#include "server/api/kserve_binary.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/tei_pages.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

struct KserveState : CallState {
  std::string id;
  bool binary = false;
};

constexpr std::string_view kModels = "/v2/models/";

// The model in /v2/models/NAME[/versions/V][/ready|/infer].
std::string_view model_of(std::string_view path) {
  path = path.substr(path.find(kModels) + kModels.size());
  for (const std::string_view end : {"/infer", "/ready"}) {
    if (path.ends_with(end)) path.remove_suffix(end.size());
  }
  return path.substr(0, path.find("/versions/"));
}

bool claims(const HttpRequest&, const json::Value&) { return true; }

// How many elements a tensor of its shape has; nothing if it has no shape.
std::optional<std::size_t> elements_of(const json::Value& tensor) {
  const auto shape = tensor.find("shape");
  if (!shape || !shape->is_array()) return std::nullopt;
  std::optional<std::size_t> count = 1;
  shape->for_each_element([&](const json::Value& side) {
    const auto size = side.as_uint();
    constexpr std::size_t kMost = std::size_t{1} << 32;
    const bool fits = size && *size <= kMost && *count <= kMost;
    if (!fits) return count.reset(), false;
    *count *= *size;
    return true;
  });
  return count;
}

std::vector<std::string> tensor_data(Reader& in, const json::Value& tensor) {
  std::vector<std::string> texts;
  const auto type = tensor.find("datatype");
  if (!type || type->as_string() != "BYTES") {
    in.fail(Fault::schema, "a tensor's datatype is not BYTES", "Texts are BYTES.", "inputs");
  }
  const auto data = tensor.find("data");
  if (!data || !data->is_array()) {
    in.fail(Fault::schema, "a tensor has no data array",
            "A binary tensor needs Inference-Header-Content-Length.", "inputs");
    return texts;
  }
  data->for_each_element([&](const json::Value& element) {
    const auto text = element.as_string();
    if (!text) in.fail(Fault::schema, "a tensor's data holds no strings", {}, "inputs");
    texts.emplace_back(text.value_or(""));
    return !in.failed();
  });
  if (elements_of(tensor) != texts.size()) {
    in.fail(Fault::schema, "a tensor's shape is not that of its data",
            fmt::format("It is [{}].", texts.size()), "inputs");
  }
  return texts;
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  std::vector<std::string> query;
  std::vector<std::string> documents;
  const auto inputs = in.find("inputs");
  if (!inputs || !inputs->is_array()) in.fail(Fault::schema, "inputs is missing", {}, "inputs");
  if (inputs) {
    inputs->for_each_element([&](const json::Value& tensor) {
      const auto name = tensor.find("name");
      const std::string_view called = name ? name->as_string().value_or("") : "";
      if (called == "query") query = tensor_data(in, tensor);
      if (called == "documents" || called == "texts") documents = tensor_data(in, tensor);
      return !in.failed();
    });
  }
  if (query.size() != 1) {
    in.fail(Fault::schema, "inputs needs a tensor \"query\" of shape [1]", {}, "inputs");
  }
  if (documents.empty()) {
    in.fail(Fault::empty, "inputs needs a tensor \"documents\" of at least one string", {},
            "inputs");
  }
  if (in.failed()) return in.finish({});
  Job job;
  job.query = std::move(query[0]);
  job.documents = std::move(documents);
  Call call;
  auto state = std::make_unique<KserveState>();
  state->id = in.text("id");
  state->binary = wants_binary(body);
  call.model = model_of(request.path);
  call.jobs.push_back(std::move(job));
  call.state = std::move(state);
  return in.finish(std::move(call));
}

HttpResponse answer(const Answer& answer) {
  const auto& state = static_cast<const KserveState&>(*answer.call.state);
  std::vector<double> scores(answer.jobs[0].documents.size());
  for (const RankedDocument& result : answer.rankings[0].results) {
    scores[result.index] = result.relevance_score;
  }
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("model_name").value(answer.model_name).key("model_version").value("1");
  out.key("id").value(state.id.empty() ? answer.request_id : std::string_view(state.id));
  out.key("outputs").begin_array().begin_object().key("name").value("scores");
  out.key("shape").begin_array().value(std::uint64_t{scores.size()}).end_array();
  out.key("datatype").value("FP32");
  if (!state.binary) {
    out.key("data").begin_array();
    for (const double score : scores) out.value(score);
    out.end_array().end_object().end_array().end_object();
    return response;
  }
  const std::string bytes = binary_tensor(scores);
  out.key("parameters").begin_object().key("binary_data_size").value(std::uint64_t{bytes.size()});
  out.end_object().end_object().end_array().end_object();
  response.headers.emplace_back(kJsonLengthHeader, std::to_string(response.body.size()));
  response.content_type = "application/octet-stream";
  response.body += bytes;
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  HttpResponse response{.status = status_without_422(refusal.fault)};
  json::Writer(response.body)
      .begin_object()
      .key("error")
      .value(sentence(refusal.error))
      .end_object();
  return response;
}

Parsed<HttpResponse> server_metadata(const HttpRequest&, const json::Value&, const Models&) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("name").value("podium").key("version").value(PODIUM_VERSION);
  out.key("extensions").begin_array().value("binary_tensor_data").end_array().end_object();
  return response;
}

Parsed<HttpResponse> live(const HttpRequest&, const json::Value&, const Models&) {
  return HttpResponse{.body = R"({"live":true})"};
}

Parsed<HttpResponse> ready(const HttpRequest&, const json::Value&, const Models& models) {
  const bool is_ready = models.find("") != nullptr;
  return HttpResponse{.status = is_ready ? 200 : 503,
                      .body = is_ready ? R"({"ready":true})" : R"({"ready":false})"};
}

Parsed<std::shared_ptr<const ServedModel>> named_model(const HttpRequest& request,
                                                       const Models& models) {
  const std::string_view name = model_of(request.path);
  if (auto model = models.find(name)) return model;
  return tl::unexpected(
      BadRequest{Fault::unknown_model,
                 {ErrorCode::not_found, fmt::format("no model is called '{}'", name),
                  "GET /v1/models lists the models."},
                 {}});
}

Parsed<HttpResponse> model_ready(const HttpRequest& request, const json::Value&,
                                 const Models& models) {
  auto model = named_model(request, models);
  if (!model) return tl::unexpected(std::move(model).error());
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("name").value(model_of(request.path)).key("ready").value(true);
  out.end_object();
  return response;
}

void write_tensor(json::Writer& out, std::string_view name, std::string_view type, int size) {
  out.begin_object().key("name").value(name).key("datatype").value(type);
  out.key("shape").begin_array().value(size).end_array().end_object();
}

Parsed<HttpResponse> model_metadata(const HttpRequest& request, const json::Value&,
                                    const Models& models) {
  auto model = named_model(request, models);
  if (!model) return tl::unexpected(std::move(model).error());
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("name").value((*model)->name());
  out.key("versions").begin_array().value("1").end_array().key("platform").value("podium");
  out.key("inputs").begin_array();
  write_tensor(out, "query", "BYTES", 1);
  write_tensor(out, "documents", "BYTES", -1);
  out.end_array().key("outputs").begin_array();
  write_tensor(out, "scores", "FP32", -1);
  out.end_array().end_object();
  return response;
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["inputs"],"properties":{"id":{"type":["string","null"]},"inputs":{"type":"array",)"
    R"("minItems":2,"items":false,"prefixItems":[{"type":"object","required":["name","shape","datatype","data"],)"
    R"("properties":{"name":{"const":"query"},"shape":{"const":[1]},"datatype":{"const":"BYTES"},)"
    R"("data":{"type":"array","minItems":1,"maxItems":1,"items":"@Query"}}},)"
    R"({"type":"object","required":["name","shape","datatype","data"],"properties":{"name":{"const":"documents"},)"
    R"("shape":{"const":[2]},"datatype":{"const":"BYTES"},)"
    R"("data":{"type":"array","minItems":2,"maxItems":2,"items":{"type":"string"}}}}]}}})";
constexpr std::string_view kResponse =
    R"({"type":"object","required":["model_name","outputs"],"properties":{"outputs":{"type":"array"}}})";

constexpr Route kRoutes[] = {
    {"GET", "/v2", "The server", "", schema::kAny, server_metadata},
    {"GET", "/v2/health/live", "Whether the process runs", "", schema::kAny, live},
    {"GET", "/v2/health/ready", "Whether a model is loaded", "", schema::kAny, ready},
    {"POST", "/v2/models/*/infer", "Score documents, in their order", kRequest, kResponse},
    {"GET", "/v2/models/*/ready", "Whether a model is loaded", "", schema::kAny, model_ready},
    {"GET", "/v2/models/*", "A model's tensors", "", schema::kAny, model_metadata},
};

}  // namespace

const Dialect kKserve{"kserve", "KServe v2", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
