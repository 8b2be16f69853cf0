#include "server/ops/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace podium::server {

namespace {

void write_head(std::string& out, std::string_view name, std::string_view help,
                std::string_view type) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void write_counter(std::string& out, std::string_view name, std::string_view help,
                   std::uint64_t value) {
  write_head(out, name, help, "counter");
  out += fmt::format("{} {}\n", name, value);
}

// TEI's word for a failure of that status.
std::string_view tei_error(int status) {
  switch (status) {
    case 429:
    case 503: return "overloaded";
    case 424:
    case 500:
    case 504: return "inference";
    default: return "validation";
  }
}

}  // namespace

void Histogram::observe(double seconds) {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  nanoseconds_ += static_cast<std::uint64_t>(std::max(seconds, 0.0) * 1e9);
}

void Histogram::write(std::string& out, std::string_view name, std::string_view help) const {
  write_head(out, name, help, "histogram");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    sum += counts_[i];
    out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, kBounds[i], sum);
  }
  sum += counts_.back();
  out += fmt::format("{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n", name, sum, name,
                     static_cast<double>(nanoseconds_) / 1e9, name, sum);
}

void Metrics::observe(const Sample& sample) {
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(sample.dialect), sample.status}];
  if (!sample.ranked) return;
  ++ranked_;
  documents_ += sample.documents;
  computed_ += sample.computed;
  tokens_ += sample.tokens;
  duration_.observe(sample.seconds);
  queue_.observe(sample.queue_seconds);
  tokenize_.observe(sample.tokenize_seconds);
  inference_.observe(sample.inference_seconds);
  recent_.push_back(sample.seconds);
  if (recent_.size() > kRecent) recent_.pop_front();
}

std::string Metrics::text(const std::vector<Gauge>& gauges) const {
  std::string out;
  std::map<std::string_view, std::uint64_t> failures;
  std::uint64_t success = 0;
  std::uint64_t all = 0;
  write_head(out, "podium_requests_total", "Requests by dialect and status.", "counter");
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [labels, count] : requests_) {
      const auto& [dialect, status] = labels;
      out += fmt::format("podium_requests_total{{dialect=\"{}\",status=\"{}\"}} {}\n", dialect,
                         status, count);
      if (dialect == "server") continue;
      all += count;
      if (status < 400) success += count;
      if (status >= 400) failures[tei_error(status)] += count;
    }
  }
  duration_.write(out, "podium_request_duration_seconds", "From request to response.");
  queue_.write(out, "podium_queue_duration_seconds", "Waiting for a thread.");
  write_counter(out, "podium_documents_total", "Documents ranked.", documents_);
  write_counter(out, "podium_documents_computed_total",
                "Documents that went through the model; the others were repeated or known.",
                computed_);
  write_counter(out, "podium_tokens_total", "Tokens of all pairs ranked.", tokens_);
  for (const Gauge& gauge : gauges) {
    write_head(out, gauge.name, gauge.help, "gauge");
    out += fmt::format("{} {}\n", gauge.name, gauge.value);
  }
  // What dashboards of text-embeddings-inference look for.
  write_head(out, "te_request_count", "Requests.", "counter");
  out += fmt::format("te_request_count{{method=\"single\"}} {}\n", all);
  write_head(out, "te_request_success", "Requests that were answered.", "counter");
  out += fmt::format("te_request_success{{method=\"single\"}} {}\n", success);
  write_head(out, "te_request_failure", "Requests that failed.", "counter");
  for (const auto& [error, count] : failures) {
    out += fmt::format("te_request_failure{{err=\"{}\"}} {}\n", error, count);
  }
  duration_.write(out, "te_request_duration", "From request to response, in seconds.");
  tokenize_.write(out, "te_request_tokenization_duration", "Tokenizing, in seconds.");
  queue_.write(out, "te_request_queue_duration", "Waiting, in seconds.");
  inference_.write(out, "te_request_inference_duration", "Encoding, in seconds.");
  return out;
}

Metrics::Latency Metrics::latency() const {
  std::vector<double> recent;
  {
    const std::lock_guard lock(mutex_);
    recent.assign(recent_.begin(), recent_.end());
  }
  std::ranges::sort(recent);
  const auto at = [&](double share) {
    if (recent.empty()) return 0.0;
    return recent[static_cast<std::size_t>(share * static_cast<double>(recent.size() - 1))];
  };
  return {ranked_, at(0.5), at(0.9), at(0.99)};
}

}  // namespace podium::server
