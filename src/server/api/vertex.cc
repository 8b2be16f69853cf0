// Google Vertex AI: "instances" of rerank bodies, each answered as its own API would.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

// An instance as its own dialect read it; its jobs are the next ones of the whole call.
struct Instance {
  const Dialect* dialect;
  std::size_t jobs;
  Call call;
};

struct VertexState : CallState {
  std::vector<Instance> instances;
};

bool claims(const HttpRequest&, const json::Value& body) {
  return body.find("instances").has_value();
}

const Dialect& dialect_of(const json::Value& instance) {
  if (instance.find("texts") || instance.find("inputs")) return kTei;
  if (instance.find("text_1")) return kVllmScore;
  return kJina;
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings& settings) {
  Reader in(request, body);
  const auto instances = in.find("instances");
  if (!instances || !instances->is_array() || instances->size() == 0) {
    in.fail(instances && instances->is_array() ? Fault::empty : Fault::schema,
            "instances must be an array of at least one request",
            "An instance has a query and documents or texts.", "instances");
    return in.finish({});
  }
  Call call;
  auto state = std::make_unique<VertexState>();
  std::optional<BadRequest> bad;
  instances->for_each_element([&](const json::Value& instance) {
    HttpRequest inner{.method = "POST",
                      .path = instance.find("inputs") ? "/predict" : "/rerank",
                      .body = instance.to_text()};
    const Dialect& dialect = dialect_of(instance);
    auto parsed = dialect.parse(inner, instance, settings);
    if (!parsed) {
      bad = std::move(parsed).error();
      bad->error.message =
          fmt::format("instances[{}]: {}", state->instances.size(), bad->error.message);
      return false;
    }
    if (call.model.empty()) call.model = parsed->model;
    for (Job& job : parsed->jobs) call.jobs.push_back(std::move(job));
    const std::size_t jobs = parsed->jobs.size();
    parsed->jobs.clear();
    state->instances.push_back({&dialect, jobs, *std::move(parsed)});
    return true;
  });
  if (bad) return tl::unexpected(*std::move(bad));
  call.state = std::move(state);
  return in.finish(std::move(call));
}

HttpResponse answer(const Answer& answer) {
  const auto& state = static_cast<const VertexState&>(*answer.call.state);
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("predictions").begin_array();
  std::size_t first = 0;
  for (const Instance& instance : state.instances) {
    const HttpResponse one =
        instance.dialect->answer(Answer{.call = instance.call,
                                        .jobs = answer.jobs.subspan(first, instance.jobs),
                                        .rankings = answer.rankings.subspan(first, instance.jobs),
                                        .model = answer.model,
                                        .model_name = answer.model_name,
                                        .request_id = answer.request_id,
                                        .created = answer.created,
                                        .queue_ms = answer.queue_ms,
                                        .total_ms = answer.total_ms});
    out.raw(one.body);
    first += instance.jobs;
  }
  out.end_array().end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  return merged_refusal(refusal, status_without_422(refusal.fault));
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["instances"],"properties":{"instances":{"type":"array","minItems":1,"items":{"type":"object",)"
    R"("required":["query","texts"],"properties":{"query":"@Query","texts":"@Texts"}}}}})";
constexpr std::string_view kResponse =
    R"({"type":"object","required":["predictions"],"properties":{"predictions":{"type":"array"}}})";

constexpr Route kRoutes[] = {
    {"POST", "/vertex", "Rank each instance", kRequest, kResponse},
    {"POST", "/predict", "The same", kRequest, kResponse},
    {"POST", "/v1/endpoints/*:predict", "The same, at Vertex's own path", kRequest, kResponse},
};

}  // namespace

const Dialect kVertex{"vertex", "Google Vertex AI", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
