#include "server/handling.h"

#include <charconv>
#include <ctime>

#include "base/error.h"
#include "base/json.h"
#include "server/http/gzip.h"
#include "server/ops/access_log.h"
#include "server/request_body.h"
#include "server/request_models.h"
#include "server/response.h"

namespace podium::server {

namespace {

constexpr std::size_t kLeastCompressed = 1024;  // bytes; shorter bodies gain nothing
constexpr std::size_t kBytesPerToken = 4;       // about, for the estimate before tokenizing

double to_seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// "30", "0.5", "2s" or "500ms"; nothing for anything else.
std::optional<std::chrono::milliseconds> read_timeout(std::string_view text) {
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(stop - text.data()));
  const double scale = unit.empty() || unit == "s" ? 1000 : unit == "ms" ? 1 : 0;
  constexpr double kMost = 86'400'000;
  if (error != std::errc() || !(number > 0) || scale == 0 || number * scale > kMost) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(number * scale));
}

Denial hung_up() { return {Fault::timed_out, {ErrorCode::io, "the client hung up", {}}}; }

Denial too_many() {
  return {Fault::overloaded,
          {ErrorCode::io, "too many requests wait already",
           "Try again in a second, or raise --max-queue."}};
}

Denial from(BadRequest bad) {
  return {.fault = bad.fault, .error = std::move(bad.error), .field = std::move(bad.field)};
}

}  // namespace

Handling::Handling(Server& server, std::shared_ptr<Exchange> exchange)
    : server_(server),
      exchange_(std::move(exchange)),
      trace_(join_trace(exchange_->request.header("traceparent"))) {
  sample_.dialect = "server";
  if (server_.spans() != nullptr && trace_.parent_id.empty()) trace_.flags = "01";
}

Handling::~Handling() {
  if (finished_) return;
  refuse({Fault::internal, {ErrorCode::internal, "the request was lost", {}}});
}

double Handling::seconds() const { return to_seconds(Clock::now() - exchange_->arrived); }

HttpResponse Handling::refuse_early(Server& server, const HttpRequest& head, const Dialect* dialect,
                                    Denial denial) {
  const std::string request_id = random_hex(32);
  const TraceContext trace = join_trace(head.header("traceparent"));
  HttpResponse response = render_denial(server.options(), dialect, request_id, std::move(denial));
  add_headers(server.options(), request_id, trace, response);
  const Sample sample{.dialect = dialect == nullptr ? "server" : dialect->name,
                      .status = response.status};
  server.metrics().observe(sample);
  server.remember_error({std::time(nullptr), response.status, head.path, request_id});
  if (server.options().access_log) {
    server.log_(access_line(head, response, {.request_id = request_id, .trace = trace}, sample));
  }
  return response;
}

std::optional<HttpResponse> Handling::check_head(Server& server, const HttpRequest& head) {
  Entry entry;
  auto denial = enter(server, head, entry);
  if (!denial) return std::nullopt;
  return refuse_early(server, head, entry.target.match.dialect, *std::move(denial));
}

HttpResponse Handling::refuse_broken(Server& server, int status, Error error) {
  return refuse_early(server, {}, nullptr,
                      {.fault = Fault::schema, .error = std::move(error), .status = status});
}

void Handling::begin() {
  Entry entry;
  auto denial = enter(server_, exchange_->request, entry);
  target_ = std::move(entry.target);
  identity_ = std::move(entry.identity);
  if (denial) return refuse(*std::move(denial));
  if (target_.endpoint == nullptr && target_.match.route == nullptr) {  // OPTIONS
    return finish({.status = 204, .headers = {{"Allow", target_.allow}}});
  }
  if (target_.endpoint != nullptr) {
    if (target_.endpoint->runs == Endpoint::Runs::at_once) return run_endpoint();
    submit(*server_.ranking_, 0, [](Handling& self) { self.run_endpoint(); });
    return;
  }
  if (server_.phase() != Server::Phase::ready) {
    const bool loading = server_.phase() == Server::Phase::loading;
    return refuse({Fault::unavailable,
                   {ErrorCode::io, loading ? "the model is being loaded" : "the server shuts down",
                    "Try again in a second."}});
  }
  if (target_.match.route->page == nullptr && server_.ranking_->is_full()) {
    return refuse(too_many());  // reading its body would be for nothing
  }
  submit(*server_.reading_, 0, [](Handling& self) { self.read_body(); });
}

// Who takes turns with others: the key, or the connection where there are no keys.
const std::string& Handling::client() const {
  return identity_.client.empty() ? exchange_->request.peer : identity_.client;
}

bool Handling::submit(WorkQueue& queue, std::int64_t priority,
                      const std::function<void(Handling&)>& step) {
  const bool taken = queue.submit(client(), priority, [self = shared_from_this(), step] {
    try {
      step(*self);
    } catch (const std::exception& error) {  // out of memory, or a bug: nothing expected throws
      self->refuse({Fault::internal, {ErrorCode::internal, error.what(), {}}});
    }
  });
  if (!taken) refuse(too_many());
  return taken;
}

void Handling::run_endpoint() {
  finish(target_.endpoint->handle(
      {server_, exchange_->request, identity_, target_.segment, request_id_}));
}

// The body as JSON, decompressed; what is wrong with it otherwise, once its dialect is known.
void Handling::read_body() {
  HttpRequest& request = exchange_->request;
  if (exchange_->abandoned().stop_requested()) return refuse(hung_up());
  auto denial = decompress(request, server_.options().http.max_body);
  if (!denial) denial = unpack(request);
  auto document = json::Document::parse(request.body.empty() ? "null" : request.body, "the body");
  const json::Value body = document ? document->root() : null_json();
  target_ = find_target(server_.options(), request, body);
  if (target_.match.route == nullptr) return refuse(unknown_path(request));
  sample_.dialect = target_.match.dialect->name;
  const bool has_body = request.method == "POST" || request.method == "PUT";
  if (has_body && !denial) denial = check_body(request, document);
  if (denial) return refuse(*std::move(denial));
  if (!admit()) return;
  if (target_.match.route->page != nullptr) {
    if (!set_deadline({})) return;
    if (!has_body) return show_page(body);
    const auto parsed = std::make_shared<const json::Document>(*std::move(document));
    submit(*server_.ranking_, 0, [parsed](Handling& self) { self.show_page(parsed->root()); });
    return;
  }
  auto call = target_.match.dialect->parse(
      request, body,
      {.strict_jina = server_.options().strict_jina, .cors_origin = server_.options().cors_origin});
  if (!call) return refuse(from(std::move(call).error()));
  const auto shared = std::make_shared<Call>(*std::move(call));
  model_ = shared->model;
  if (!set_deadline(shared->timeout)) return;
  request.body = {};  // the call owns what it needs
  submit(*server_.ranking_, shared->priority, [shared](Handling& self) { self.rank(*shared); });
}

// Takes the request and about its tokens from the key's limits.
bool Handling::admit() {
  auto admission = server_.gate().admit(identity_, exchange_->request.body.size() / kBytesPerToken);
  if (!admission) return refuse(gate_denial(std::move(admission).error())), false;
  admission_ = *std::move(admission);
  return true;
}

bool Handling::set_deadline(std::optional<std::chrono::milliseconds> in_body) {
  auto timeout = in_body.value_or(server_.options().timeout);
  const std::string_view header = exchange_->request.header("X-Request-Timeout");
  if (!in_body && !header.empty()) {
    const auto asked = read_timeout(header);
    if (!asked) {
      refuse({Fault::schema,
              {ErrorCode::invalid_argument, "X-Request-Timeout is no number of seconds",
               "Write 30, 0.5 or 500ms."}});
      return false;
    }
    timeout = *asked;
  }
  deadline_ = exchange_->arrived + timeout;
  return true;
}

Caller Handling::caller() const {
  return {client(), identity_.client, deadline_, exchange_->abandoned()};
}

void Handling::show_page(const json::Value& body) {
  const RequestModels models(server_.models(), caller());
  auto response = target_.match.route->page(exchange_->request, body, models);
  if (!response) return refuse(from(std::move(response).error()));
  finish(*std::move(response));
}

void Handling::rank(const Call& call) {
  sample_.ranked = true;
  sample_.queue_seconds = seconds();
  auto outcome = server_.service().rank(call, caller());
  if (!outcome) {
    Denial denial = from(std::move(outcome).error());
    denial.state = call.state.get();
    return refuse(std::move(denial));
  }
  sample_.documents = outcome->documents;
  sample_.computed = outcome->computed;
  for (const Ranking& ranking : outcome->rankings) {
    sample_.tokens += ranking.usage.total_tokens;
    sample_.tokenize_seconds += ranking.timings.tokenize_ms / 1000;
    sample_.inference_seconds += ranking.timings.encode_ms / 1000;
  }
  const LoadedModel& model = *outcome->model;
  finish(render(*target_.match.dialect,
                Answer{.call = call,
                       .jobs = call.jobs,
                       .rankings = outcome->rankings,
                       .model = model.info(),
                       .model_name = call.model.empty() ? model.name() : call.model,
                       .request_id = request_id_,
                       .created = std::time(nullptr),
                       .queue_ms = sample_.queue_seconds * 1000,
                       .total_ms = seconds() * 1000}));
}

void Handling::refuse(Denial denial) {
  if (finished_) return;
  finish(render_denial(server_.options(), target_.match.dialect, request_id_, std::move(denial)));
}

void Handling::finish(HttpResponse response) {
  if (std::exchange(finished_, true)) return;
  if (admission_) {
    server_.gate().settle(*admission_, sample_.tokens);
    for (Header& header : admission_->headers) response.headers.push_back(std::move(header));
  }
  const HttpRequest& request = exchange_->request;
  add_headers(server_.options(), request_id_, trace_, response);
  if (response.body.size() >= kLeastCompressed && accepts_gzip(request.header("Accept-Encoding"))) {
    response.body = gzip_compress(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }
  sample_.status = response.status;
  sample_.seconds = seconds();
  server_.metrics().observe(sample_);
  if (response.status >= 400) {
    server_.remember_error({std::time(nullptr), response.status, request.path, request_id_});
  }
  if (server_.options().access_log) {
    server_.log_(access_line(
        request, response,
        {.request_id = request_id_, .trace = trace_, .client = identity_.client, .model = model_},
        sample_));
  }
  export_span();
  exchange_->respond(std::move(response));
}

void Handling::export_span() {
  SpanExporter* const spans = server_.spans();
  if (spans == nullptr || !SpanExporter::is_sampled(trace_)) return;
  const HttpRequest& request = exchange_->request;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto taken = std::chrono::duration<double>(sample_.seconds);
  using Nanoseconds = std::chrono::nanoseconds;
  const auto end = std::chrono::duration_cast<Nanoseconds>(now);
  spans->record({.trace = trace_,
                 .name = request.method + " " + request.path,
                 .start_ns = (end - std::chrono::duration_cast<Nanoseconds>(taken)).count(),
                 .end_ns = end.count(),
                 .method = request.method,
                 .path = request.path,
                 .model = model_,
                 .sample = sample_});
}

}  // namespace podium::server
