#include "server/server.h"

#include <ctime>

#include "base/error.h"
#include "server/handling.h"

namespace podium::server {

namespace {

// A request blocks its thread while the engine ranks it among others, so these are many.
constexpr int kRankingThreads = 64;
constexpr int kReadingThreads = 2;
constexpr std::size_t kPastErrors = 50;
constexpr std::size_t kLongestPath = 200;  // bytes, of those

bool is_loopback(const HttpOptions& options) {
  return !options.unix_socket.empty() || options.host == "localhost" || options.host == "::1" ||
         options.host.starts_with("127.");
}

}  // namespace

Server::Server(ServerOptions options, std::unique_ptr<Gate> gate, Log log)
    : options_(std::move(options)),
      gate_(std::move(gate)),
      log_(std::move(log)),
      models_(options_.aliases, options_.strict_models,
              {.threads = options_.threads, .document_cache_bytes = options_.document_cache}),
      service_(models_, {.documents = options_.max_documents,
                         .cached_scores = options_.cache,
                         .shared_cache = options_.shared_cache}),
      reading_(std::make_unique<WorkQueue>(kReadingThreads, options_.max_queue)),
      ranking_(std::make_unique<WorkQueue>(kRankingThreads, options_.max_queue)) {}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, std::unique_ptr<Gate> gate,
                                              Log log) {
  if (!is_loopback(options.http) && !gate->has_keys() && !options.no_auth) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} can be reached from other machines, and there are no API keys",
                            options.http.host),
                "Make a key with podium keys add and give --keys, or say --no-auth.");
  }
  std::unique_ptr<Server> server(new Server(std::move(options), std::move(gate), std::move(log)));
  Server& it = *server;
  if (!it.options_.otlp_endpoint.empty()) {
    PODIUM_TRY(it.spans_, SpanExporter::start({.endpoint = it.options_.otlp_endpoint,
                                               .headers = it.options_.otlp_headers,
                                               .service_name = it.options_.service_name},
                                              it.log_));
  }
  const HttpHandler handler{
      [&it](const HttpRequest& head) { return it.at_head(head); },
      [&it](std::shared_ptr<Exchange> exchange) { it.at_request(std::move(exchange)); },
      [&it](int status, const std::string& message, const std::string& hint) {
        return it.at_broken_request(status, message, hint);
      }};
  PODIUM_TRY(it.http_, HttpServer::listen(it.options_.http, handler));
  it.http_->serve();
  return server;
}

Server::~Server() {
  if (http_) http_->stop();
  reading_.reset();  // first, for it feeds the other
  ranking_.reset();
}

Result<void> Server::load() {
  if (options_.models.empty()) {
    PODIUM_CHECK(models_.load({}, {}));
  }
  for (const NamedModel& model : options_.models) {
    PODIUM_CHECK(models_.load(model.name, model.directory));
  }
  Phase expected = Phase::loading;
  phase_.compare_exchange_strong(expected, Phase::ready);
  return {};
}

bool Server::drain() {
  phase_ = Phase::draining;
  http_->drain();
  const auto end = Clock::now() + options_.shutdown_timeout;
  while (http_->in_flight() > 0 && Clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const bool all_done = http_->in_flight() == 0;
  http_->stop();
  return all_done;
}

std::optional<HttpResponse> Server::at_head(const HttpRequest& head) {
  // A body that nobody will read is refused before it is sent; all else waits for the request.
  if (head.header("Content-Length").empty() && head.header("Transfer-Encoding").empty()) {
    return std::nullopt;
  }
  return Handling::check_head(*this, head);
}

void Server::at_request(std::shared_ptr<Exchange> exchange) {
  std::make_shared<Handling>(*this, std::move(exchange))->begin();
}

HttpResponse Server::at_broken_request(int status, const std::string& message,
                                       const std::string& hint) {
  return Handling::refuse_broken(*this, status, {ErrorCode::malformed, message, hint});
}

void Server::remember_error(PastError error) {
  if (error.path.size() > kLongestPath) error.path.resize(kLongestPath);
  const std::lock_guard lock(errors_mutex_);
  errors_.push_front(std::move(error));
  if (errors_.size() > kPastErrors) errors_.pop_back();
}

std::vector<Server::PastError> Server::past_errors() const {
  const std::lock_guard lock(errors_mutex_);
  return {errors_.begin(), errors_.end()};
}

std::vector<Gauge> Server::gauges() const {
  const auto count = [](std::size_t number) { return static_cast<double>(number); };
  const double waiting = count(reading_->waiting() + ranking_->waiting());
  std::vector<Gauge> gauges = {
      {"podium_connections", "Open connections.", count(http_->connections())},
      {"podium_in_flight", "Requests being answered.", count(http_->in_flight())},
      {"podium_queue", "Requests waiting for a thread.", waiting},
      {"te_queue_size", "Requests waiting.", waiting}};
  if (spans_) {
    gauges.push_back({"podium_spans_exported", "Spans that the collector took.",
                      static_cast<double>(spans_->exported())});
    gauges.push_back({"podium_spans_dropped", "Spans that did not reach the collector.",
                      static_cast<double>(spans_->dropped())});
  }
  return gauges;
}

double Server::uptime_seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

}  // namespace podium::server
