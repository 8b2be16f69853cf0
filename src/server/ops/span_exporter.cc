#include "server/ops/span_exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "podium/podium.h"

namespace podium::server {

namespace {

using namespace std::chrono_literals;

// The defaults of OpenTelemetry's batch processor, but for the time between two batches.
constexpr std::size_t kMostQueued = 2048;
constexpr std::size_t kBatch = 512;
constexpr auto kPause = 1s;
constexpr auto kLongestPause = 30s;
constexpr auto kTimeout = 3s;

constexpr int kServerKind = 2;
constexpr int kErrorStatus = 2;

bool is_worth_another_try(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    const bool coded = text[i] == '%' && i + 2 < text.size() &&
                       std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    out += coded ? static_cast<char>(byte) : text[i];
    if (coded) i += 2;
  }
  return out;
}

// "name=value,name=value", percent-encoded as W3C baggage is.
std::vector<Header> read_headers(std::string_view text) {
  std::vector<Header> headers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    headers.emplace_back(pair.substr(0, equals), percent_decoded(pair.substr(equals + 1)));
  }
  headers.emplace_back("Content-Type", "application/json");
  return headers;
}

class Attributes {
 public:
  explicit Attributes(json::Writer& out) : out_(out) { out_.key("attributes").begin_array(); }
  ~Attributes() { out_.end_array(); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    open(key).key("stringValue").value(value).end_object().end_object();
  }
  void integer(std::string_view key, std::uint64_t value) {  // 64-bit numbers are text in OTLP
    open(key).key("intValue").value(std::to_string(value)).end_object().end_object();
  }
  void real(std::string_view key, double value) {
    open(key).key("doubleValue").value(value).end_object().end_object();
  }

 private:
  json::Writer& open(std::string_view key) {
    return out_.begin_object().key("key").value(key).key("value").begin_object();
  }
  json::Writer& out_;
};

void write_span(json::Writer& out, const Span& span) {
  out.begin_object().key("traceId").value(span.trace.trace_id);
  out.key("spanId").value(span.trace.span_id);
  if (!span.trace.parent_id.empty()) out.key("parentSpanId").value(span.trace.parent_id);
  out.key("name").value(span.name).key("kind").value(kServerKind);
  out.key("startTimeUnixNano").value(std::to_string(span.start_ns));
  out.key("endTimeUnixNano").value(std::to_string(span.end_ns));
  {
    Attributes attributes(out);
    attributes.text("http.request.method", span.method);
    attributes.text("url.path", span.path);
    attributes.integer("http.response.status_code", static_cast<std::uint64_t>(span.sample.status));
    attributes.text("podium.dialect", span.sample.dialect);
    attributes.text("podium.model", span.model);
    if (span.sample.ranked) {
      attributes.integer("podium.documents", span.sample.documents);
      attributes.integer("podium.documents_computed", span.sample.computed);
      attributes.integer("podium.tokens", span.sample.tokens);
      attributes.real("podium.queue_seconds", span.sample.queue_seconds);
      attributes.real("podium.inference_seconds", span.sample.inference_seconds);
    }
  }
  out.key("status").begin_object();
  if (span.sample.status >= 500) out.key("code").value(kErrorStatus);
  out.end_object().end_object();
}

}  // namespace

Result<std::unique_ptr<SpanExporter>> SpanExporter::start(const SpanExporterOptions& options,
                                                          Log log) {
  std::string endpoint = options.endpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  PODIUM_TRY(Url url, parse_url(endpoint + "/v1/traces"));
  return std::unique_ptr<SpanExporter>(new SpanExporter(
      std::move(url), read_headers(options.headers), options.service_name, std::move(log)));
}

SpanExporter::SpanExporter(Url url, std::vector<Header> headers, std::string service_name, Log log)
    : url_(std::move(url)),
      headers_(std::move(headers)),
      service_name_(std::move(service_name)),
      log_(std::move(log)),
      thread_([this] { run(); }) {}

SpanExporter::~SpanExporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SpanExporter::record(Span span) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= kMostQueued) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(span));
  if (queue_.size() == kBatch) wake_.notify_one();
}

void SpanExporter::run() {
  std::vector<Span> batch;  // kept while the collector is away
  std::chrono::seconds pause = kPause;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, pause,
                   [&] { return stopping_ || (!failing_ && queue_.size() >= kBatch); });
    while (batch.size() < kBatch && !queue_.empty()) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    const bool ends = stopping_;
    if (!batch.empty()) {
      lock.unlock();
      failing_ = !send(batch);
      if (!failing_) batch.clear();
      lock.lock();
    }
    pause = failing_ ? std::min<std::chrono::seconds>(pause * 2, kLongestPause) : kPause;
    if (ends && (failing_ || queue_.empty())) break;
  }
  dropped_ += batch.size() + queue_.size();
}

// False: the batch may be tried again.
bool SpanExporter::send(const std::vector<Span>& batch) {
  const auto status = post(url_, headers_, body(batch), kTimeout);
  if (status && *status < 300) {
    exported_ += batch.size();
    return true;
  }
  if (!failing_) {
    log_(fmt::format("podium: spans are not taken: {}",
                     status ? fmt::format("{}:{} answered {}", url_.host, url_.port, *status)
                            : status.error().message));
  }
  if (!status || is_worth_another_try(*status)) return false;
  dropped_ += batch.size();
  return true;
}

std::string SpanExporter::body(const std::vector<Span>& batch) const {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("resourceSpans").begin_array().begin_object();
  out.key("resource").begin_object();
  {
    Attributes attributes(out);
    attributes.text("service.name", service_name_);
    attributes.text("service.version", PODIUM_VERSION);
  }
  out.end_object().key("scopeSpans").begin_array().begin_object();
  out.key("scope").begin_object().key("name").value("podium").key("version");
  out.value(PODIUM_VERSION).end_object().key("spans").begin_array();
  for (const Span& span : batch) write_span(out, span);
  out.end_array().end_object().end_array().end_object().end_array().end_object();
  return text;
}

}  // namespace podium::server
