// Cohere's rerank API, versions 1 and 2. Amazon Bedrock's and Azure's Cohere endpoints take the
// bodies of version 2.
#include "server/api/dialect_list.h"
#include "server/api/reading.h"
#include "server/api/schemas.h"
#include "server/api/writing.h"

namespace podium::server {

namespace {

enum Shape { version_1, version_2, bedrock };

bool is_cohere(std::string_view header) { return same_name(header.substr(0, 6), "cohere"); }

bool claims_v1(const HttpRequest& request, const json::Value& body) {
  return is_cohere(request.header("X-Fern-SDK-Name")) ||
         is_cohere(request.header("X-Client-Name")) || is_cohere(request.header("User-Agent")) ||
         body.find("rank_fields") || body.find("max_chunks_per_doc");
}

bool claims_v2(const HttpRequest&, const json::Value&) { return true; }

Parsed<Call> parse(const HttpRequest& request, const json::Value& body, int shape) {
  Reader in(request, body);
  Job job;
  job.query = in.query();
  DocumentRules rules{.missing = DocumentRules::Missing::render_all};
  if (auto fields = in.texts("rank_fields"); !fields.empty()) rules.fields = std::move(fields);
  Documents documents = in.documents(rules);
  job.documents = std::move(documents.texts);
  job.options.top_n = in.top("top_n");
  if (const auto most = in.integer("max_tokens_per_doc", 1)) {
    job.options.max_document_tokens = static_cast<std::size_t>(*most);
  }
  if (const auto most = in.integer("max_chunks_per_doc", 1)) {
    job.options.max_windows = static_cast<std::size_t>(*most);
  }
  auto state = std::make_unique<RerankState>();
  state->shape = shape;
  // a gateway's wish, not of the API: version 2 never echoes
  state->return_documents = in.flag("return_documents").value_or(false) && shape == version_1;
  state->originals = std::move(documents.originals);
  Call call = single_call(in.text("model"), std::move(job), std::move(state));
  call.priority = in.integer("priority", 0, 999).value_or(0);
  return in.finish(std::move(call));
}

Parsed<Call> parse_v1(const HttpRequest& request, const json::Value& body, const Settings&) {
  return parse(request, body, version_1);
}

Parsed<Call> parse_v2(const HttpRequest& request, const json::Value& body, const Settings&) {
  return parse(request, body, request.path.starts_with("/model/") ? bedrock : version_2);
}

HttpResponse answer(const Answer& answer) {
  const RerankState& state = rerank_state(answer);
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object();
  if (state.shape == version_1) out.key("id").value(uuid(answer.request_id));
  out.key("results");
  write_results(out, answer, state.return_documents, 9);
  if (state.shape == version_2) out.key("id").value(uuid(answer.request_id));
  if (state.shape != bedrock) {
    out.key("meta");
    write_meta(out, answer, state.shape == version_1 ? "1" : "2", false);
  }
  out.end_object();
  return response;
}

HttpResponse refuse(const Refusal& refusal) {
  const int status = status_without_422(refusal.fault);
  const std::string text =
      status == 400 ? "invalid request: " + sentence(refusal.error) : sentence(refusal.error);
  HttpResponse response{.status = status};
  json::Writer(response.body)
      .begin_object()
      .key("id")
      .value(uuid(refusal.request_id))
      .key("message")
      .value(text)
      .key("detail")
      .value(text)
      .end_object();
  return response;
}

constexpr Route kRoutesV1[] = {{"POST", "/v1/rerank", "Rank documents, best first",
                                schema::kCohereRequest, schema::kCohereResponse}};

constexpr Route kRoutesV2[] = {
    {"POST", "/v2/rerank", "Rank documents, best first", schema::kCohereRequest,
     schema::kCohereResponse},
    {"POST", "/providers/cohere/v2/rerank", "The same, at Azure's path", schema::kCohereRequest,
     schema::kCohereResponse},
    {"POST", "/model/*/invoke", "The same, as Amazon Bedrock's InvokeModel", schema::kCohereRequest,
     schema::kInvokeResponse},
};

}  // namespace

const Dialect kCohereV1{
    "cohere", "Cohere rerank, version 1", kRoutesV1, claims_v1, parse_v1, answer, refuse};
const Dialect kCohereV2{
    "cohere", "Cohere rerank, version 2", kRoutesV2, claims_v2, parse_v2, answer, refuse};

}  // namespace podium::server
