// What the server counts, in the text format that Prometheus reads. Thread-safe; no locks where
// requests pass but one for the rare labels.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace podium::server {

// How one request ended.
struct Sample {
  std::string_view dialect;  // or "server" for routes of no dialect
  int status = 200;
  double seconds = 0;           // since the request was complete
  double queue_seconds = 0;     // of which waiting for a thread
  double tokenize_seconds = 0;  // and inside the engine
  double inference_seconds = 0;
  bool ranked = false;
  std::uint64_t documents = 0;
  std::uint64_t computed = 0;
  std::uint64_t tokens = 0;
};

// What is true at this moment; the owner fills it in.
struct Gauge {
  std::string_view name;
  std::string_view help;
  double value;
};

class Histogram {
 public:
  static constexpr std::array kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                         0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};
  void observe(double seconds);
  void write(std::string& out, std::string_view name, std::string_view help) const;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

class Metrics {
 public:
  void observe(const Sample& sample);

  std::string text(const std::vector<Gauge>& gauges) const;

  struct Latency {
    std::uint64_t requests = 0;        // ranked since the start
    double p50 = 0, p90 = 0, p99 = 0;  // seconds, of the last thousand
  };
  Latency latency() const;

 private:
  static constexpr std::size_t kRecent = 1024;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;  // by dialect and status
  std::deque<double> recent_;
  Histogram duration_, queue_, tokenize_, inference_;
  std::atomic<std::uint64_t> ranked_{0}, documents_{0}, computed_{0}, tokens_{0};
};

}  // namespace podium::server
