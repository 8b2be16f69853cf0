// podium serve: options in, a running server out. It puts the parts together: sockets, gate,
// endpoints, dialects, service, and what operators watch.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/auth/gate.h"
#include "server/http/server.h"
#include "server/models.h"
#include "server/ops/metrics.h"
#include "server/ops/span_exporter.h"
#include "server/options.h"
#include "server/service.h"
#include "server/work_queue.h"

namespace podium::server {

class Handling;

class Server {
 public:
  using Log = std::function<void(std::string_view line)>;  // called from any thread

  enum class Phase { loading, ready, draining };

  // Listens at once, so that probes see a server that loads; load() makes it ready. Refuses to be
  // reached from other machines if nobody has a key, unless told to.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, std::unique_ptr<Gate> gate,
                                               Log log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> load();

  // Turns new work away, finishes what is in flight within the shutdown timeout, and stops. False:
  // the time was over first.
  bool drain();

  std::string address() const { return http_->address(); }
  Phase phase() const { return phase_; }
  const ServerOptions& options() const { return options_; }
  Gate& gate() { return *gate_; }
  ModelRegistry& models() { return models_; }
  Service& service() { return service_; }
  Metrics& metrics() { return metrics_; }
  SpanExporter* spans() { return spans_.get(); }  // null: off
  std::vector<Gauge> gauges() const;
  double uptime_seconds() const;

  struct PastError {
    std::int64_t time;  // seconds since 1970
    int status;
    std::string path;
    std::string request_id;
  };
  std::vector<PastError> past_errors() const;  // the last ones, newest first

 private:
  friend class Handling;
  Server(ServerOptions options, std::unique_ptr<Gate> gate, Log log);
  std::optional<HttpResponse> at_head(const HttpRequest& head);
  void at_request(std::shared_ptr<Exchange> exchange);
  HttpResponse at_broken_request(int status, const std::string& message, const std::string& hint);
  void remember_error(PastError error);

  const ServerOptions options_;
  std::unique_ptr<Gate> gate_;
  Log log_;
  const Clock::time_point started_ = Clock::now();
  std::atomic<Phase> phase_{Phase::loading};
  ModelRegistry models_;
  Service service_;
  Metrics metrics_;
  std::unique_ptr<SpanExporter> spans_;
  mutable std::mutex errors_mutex_;
  std::deque<PastError> errors_;
  std::unique_ptr<WorkQueue> reading_;  // JSON in
  std::unique_ptr<WorkQueue> ranking_;
  std::unique_ptr<HttpServer> http_;  // before the queues in order of destruction
};

}  // namespace podium::server
