#include "server/ops/access_log.h"

#include <fmt/chrono.h>

#include <cmath>
#include <ctime>

#include "base/json.h"

namespace podium::server {

namespace {

constexpr std::size_t kLongestName = 200;  // bytes of what a client chose

double rounded_ms(double seconds) { return std::round(seconds * 1e6) / 1e3; }

}  // namespace

std::string access_line(const HttpRequest& request, const HttpResponse& response,
                        const AccessNames& names, const Sample& sample) {
  std::string line;
  json::Writer out(line);
  out.begin_object();
  out.key("time").value(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))));
  out.key("request_id").value(names.request_id);
  out.key("trace_id").value(names.trace.trace_id);
  if (!names.trace.parent_id.empty()) out.key("parent_id").value(names.trace.parent_id);
  out.key("peer").value(request.peer);
  if (!names.client.empty()) out.key("client").value(names.client);
  out.key("method").value(request.method).key("path");
  out.value(std::string_view(request.path).substr(0, kLongestName));
  out.key("dialect").value(sample.dialect);
  if (!names.model.empty()) out.key("model").value(names.model.substr(0, kLongestName));
  out.key("status").value(response.status);
  if (sample.ranked) {
    out.key("documents").value(sample.documents).key("computed").value(sample.computed);
    out.key("tokens").value(sample.tokens).key("queue_ms").value(rounded_ms(sample.queue_seconds));
  }
  out.key("bytes_out").value(response.body.size());
  out.key("ms").value(rounded_ms(sample.seconds)).end_object();
  return line;
}

}  // namespace podium::server
