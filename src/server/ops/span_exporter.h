// Spans to an OpenTelemetry collector: OTLP over HTTP as JSON
// (https://opentelemetry.io/docs/specs/otlp), one span a request, off unless an endpoint is named.
// The queue is bounded: where the collector is slow or away, spans are dropped and counted, and no
// request waits.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/http/post.h"
#include "server/ops/metrics.h"
#include "server/ops/trace.h"

namespace podium::server {

struct Span {
  TraceContext trace;
  std::string name;       // "POST /v1/rerank"
  std::int64_t start_ns;  // since 1970
  std::int64_t end_ns;
  std::string method;
  std::string path;
  std::string model;  // as asked for
  Sample sample;
};

struct SpanExporterOptions {
  std::string endpoint;  // of the collector; "/v1/traces" is added
  std::string headers;   // "name=value,name=value", for the collector's own key
  std::string service_name = "podium";
};

class SpanExporter {
 public:
  using Log = std::function<void(std::string_view line)>;

  // Errors: an endpoint that is no URL.
  static Result<std::unique_ptr<SpanExporter>> start(const SpanExporterOptions& options, Log log);
  // Sends what is queued; a collector that does not answer holds it up by seconds.
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // Whether the request of a trace is to be recorded: the caller decides for its own traces.
  static bool is_sampled(const TraceContext& trace) {
    return trace.parent_id.empty() || (trace.flags.back() & 1) != 0;
  }

  void record(Span span);  // thread-safe, does not wait

  std::uint64_t exported() const { return exported_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  SpanExporter(Url url, std::vector<Header> headers, std::string service_name, Log log);
  void run();
  bool send(const std::vector<Span>& batch);
  std::string body(const std::vector<Span>& batch) const;

  const Url url_;
  const std::vector<Header> headers_;
  const std::string service_name_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Span> queue_;
  bool stopping_ = false;
  bool failing_ = false;  // of the exporting thread: the last batch was not taken
  std::atomic<std::uint64_t> exported_{0}, dropped_{0};
  std::thread thread_;
};

}  // namespace podium::server
