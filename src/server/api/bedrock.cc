// Amazon Bedrock's agent runtime, POST /rerank with queries and sources. Signatures are not
// checked.
#include "documents/yaml.h"
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

bool claims(const HttpRequest&, const json::Value& body) {
  return body.find("queries") && body.find("sources");
}

std::optional<json::Value> at(std::optional<json::Value> value,
                              std::initializer_list<std::string_view> path) {
  for (const std::string_view key : path) {
    if (value) value = value->find(key);
  }
  return value;
}

void read_query(Reader& in, Job& job) {
  const auto queries = in.find("queries");
  if (!queries || !queries->is_array() || queries->size() != 1) {
    in.fail(Fault::schema, "queries must be an array of exactly one query", {}, "queries");
    return;
  }
  queries->for_each_element([&](const json::Value& query) {
    const auto text = at(query, {"textQuery", "text"});
    const auto words = text ? text->as_string() : std::nullopt;
    if (!words) in.fail(Fault::schema, "the query has no textQuery.text", {}, "queries");
    job.query = words.value_or("");
    return true;
  });
}

void read_sources(Reader& in, Job& job, RerankState& state) {
  const auto sources = in.find("sources");
  if (!sources || !sources->is_array() || sources->size() == 0) {
    in.fail(Fault::empty, "sources is empty: there is nothing to rank", {}, "sources");
    return;
  }
  sources->for_each_element([&](const json::Value& source) {
    const auto inline_source = source.find("inlineDocumentSource");
    const auto text = at(inline_source, {"textDocument", "text"});
    const auto object = at(inline_source, {"jsonDocument"});
    const auto words = text ? text->as_string() : std::nullopt;
    if (words) {
      job.documents.emplace_back(*words);
    } else if (object && object->is_object()) {
      job.documents.push_back(documents::render_yaml(*object));
    } else {
      in.fail(Fault::schema,
              fmt::format("sources[{}] has neither textDocument.text nor jsonDocument",
                          job.documents.size()),
              {}, "sources");
      return false;
    }
    state.originals.emplace_back();
    return true;
  });
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Job job;
  auto state = std::make_unique<RerankState>();
  read_query(in, job);
  read_sources(in, job, *state);
  const auto settings = at(in.find("rerankingConfiguration"), {"bedrockRerankingConfiguration"});
  if (const auto count = at(settings, {"numberOfResults"})) {
    const auto most = count->as_int();
    if (!most || *most < 1) {
      in.fail(Fault::schema, "numberOfResults is not a number of at least 1", {},
              "rerankingConfiguration");
    }
    job.options.top_n = static_cast<std::size_t>(most.value_or(0));
  }
  std::string model;
  if (const auto arn = at(settings, {"modelConfiguration", "modelArn"})) {
    const std::string_view name = arn->as_string().value_or("");
    model = name.substr(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
  }
  return in.finish(single_call(std::move(model), std::move(job), std::move(state)));
}

HttpResponse answer(const Answer& answer) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("results").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    out.begin_object().key("index").value(std::uint64_t{result.index});
    out.key("relevanceScore").value(result.relevance_score).end_object();
  }
  out.end_array().end_object();
  return response;
}

std::string_view type_of(int status) {
  switch (status) {
    case 401:
    case 403: return "AccessDeniedException";
    case 404: return "ResourceNotFoundException";
    case 429: return "ThrottlingException";
    case 500: return "InternalServerException";
    case 503: return "ServiceUnavailableException";
    default: return "ValidationException";
  }
}

HttpResponse refuse(const Refusal& refusal) {
  const int status = status_without_422(refusal.fault);
  HttpResponse response{.status = status};
  response.headers.emplace_back("x-amzn-ErrorType", type_of(status));
  json::Writer(response.body)
      .begin_object()
      .key("message")
      .value(sentence(refusal.error))
      .end_object();
  return response;
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["queries","sources"],"properties":{"queries":{"type":"array","minItems":1,"maxItems":1,)"
    R"("items":{"type":"object","required":["textQuery"],"properties":{)"
    R"("textQuery":{"type":"object","required":["text"],"properties":{"text":"@Query"}}}}},)"
    R"("sources":{"type":"array","minItems":1,"items":{"type":"object","required":["inlineDocumentSource"],)"
    R"("properties":{"inlineDocumentSource":{"type":"object","required":["textDocument"],)"
    R"("properties":{"textDocument":{"type":"object","required":["text"],)"
    R"("properties":{"text":{"type":"string"}}}}}}}}}})";

constexpr Route kRoutes[] = {{"POST", "/rerank", "Rank sources, best first", kRequest,
                              R"({"type":"object","required":["results"]})"}};

}  // namespace

const Dialect kBedrock{"bedrock", "Amazon Bedrock rerank", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
