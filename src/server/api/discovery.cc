// Google's Discovery Engine ranking: records with ids, answered with ids.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

struct Record {
  std::string id;
  std::string title;
  std::string content;
};

struct DiscoveryState : CallState {
  std::vector<Record> records;
  bool details = true;
};

bool claims(const HttpRequest&, const json::Value&) { return true; }

std::string member(Reader& in, const json::Value& record, std::string_view key) {
  const auto value = record.find(key);
  if (!value || value->is_null()) return {};
  if (!value->as_string()) {
    in.fail(Fault::schema,
            fmt::format("a record's {} is {}, not a string", key, json::type_name(value->type())),
            {}, "records");
  }
  return std::string(value->as_string().value_or(""));
}

void read_records(Reader& in, Job& job, DiscoveryState& state) {
  const auto records = in.find("records");
  if (!records || !records->is_array() || records->size() == 0) {
    in.fail(records && records->is_array() ? Fault::empty : Fault::schema,
            "records must be an array of at least one record", {}, "records");
    return;
  }
  records->for_each_element([&](const json::Value& element) {
    Record record{member(in, element, "id"), member(in, element, "title"),
                  member(in, element, "content")};
    if (record.title.empty() && record.content.empty()) {
      in.fail(Fault::schema,
              fmt::format("records[{}] has neither title nor content", state.records.size()), {},
              "records");
      return false;
    }
    const bool both = !record.title.empty() && !record.content.empty();
    job.documents.push_back(record.title + (both ? "\n" : "") + record.content);
    state.records.push_back(std::move(record));
    return true;
  });
}

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, const Settings&) {
  Reader in(request, body);
  Call call;
  auto state = std::make_unique<DiscoveryState>();
  Job job;
  job.query = in.required_text("query");
  read_records(in, job, *state);
  const auto top = in.integer("topN", INT64_MIN).value_or(0);
  job.options.top_n = top > 0 ? static_cast<std::size_t>(top) : 0;
  state->details = !in.flag("ignoreRecordDetailsInResponse").value_or(false);
  call.model = in.text("model");
  call.jobs.push_back(std::move(job));
  call.state = std::move(state);
  return in.finish(std::move(call));
}

HttpResponse answer(const Answer& answer) {
  const auto& state = static_cast<const DiscoveryState&>(*answer.call.state);
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("records").begin_array();
  for (const RankedDocument& result : answer.rankings[0].results) {
    const Record& record = state.records[result.index];
    out.begin_object().key("id").value(record.id);
    if (state.details && !record.title.empty()) out.key("title").value(record.title);
    if (state.details && !record.content.empty()) out.key("content").value(record.content);
    // two decimals, and never quite zero, as that API answers
    const double score = rounded(result.relevance_score, 2);
    out.key("score").value(score > 0 ? score : 0.0001).end_object();
  }
  out.end_array().end_object();
  return response;
}

std::string_view status_of(int status) {
  switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 500: return "INTERNAL";
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return "INVALID_ARGUMENT";
  }
}

HttpResponse refuse(const Refusal& refusal) {
  const int status = status_without_422(refusal.fault);
  HttpResponse response{.status = status};
  json::Writer out(response.body);
  out.begin_object().key("error").begin_object().key("code").value(status);
  out.key("message").value(sentence(refusal.error)).key("status").value(status_of(status));
  out.key("details").begin_array().end_array().end_object().end_object();
  return response;
}

constexpr std::string_view kRequest =
    R"({"type":"object","required":["query","records"],"properties":{"model":"@Model","query":"@Query",)"
    R"("records":{"type":"array","minItems":1,"items":{"type":"object","properties":{"id":{"type":["string","null"]},)"
    R"("title":{"type":["string","null"]},"content":{"type":["string","null"]}},"anyOf":[)"
    R"({"required":["content"],"properties":{"content":{"type":"string","minLength":1}}},)"
    R"({"required":["title"],"properties":{"title":{"type":"string","minLength":1}}}]}},)"
    R"("topN":{"type":["integer","null"]},"ignoreRecordDetailsInResponse":"@Off"}})";
constexpr std::string_view kResponse =
    R"({"type":"object","required":["records"],"properties":{"records":{"type":"array"}}})";

constexpr Route kRoutes[] = {
    {"POST", "/v1/projects/*:rank", "Rank records, best first", kRequest, kResponse},
    {"POST", "/v1beta/projects/*:rank", "The same", kRequest, kResponse},
    {"POST", "/v1alpha/projects/*:rank", "The same", kRequest, kResponse},
};

}  // namespace

const Dialect kDiscovery{
    "discovery", "Google Discovery Engine ranking", kRoutes, claims, parse, answer, refuse};

}  // namespace podium::server
