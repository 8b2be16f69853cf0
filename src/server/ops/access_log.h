// The access log: one line of JSON a request, without any text of a query or a document, and
// without keys.
#pragma once

#include <string>

#include "server/http/message.h"
#include "server/ops/metrics.h"
#include "server/ops/trace.h"

namespace podium::server {

struct AccessNames {
  std::string_view request_id;
  const TraceContext& trace;
  std::string_view client = {};  // the key's id
  std::string_view model = {};   // as asked for
};

std::string access_line(const HttpRequest& request, const HttpResponse& response,
                        const AccessNames& names, const Sample& sample);

}  // namespace podium::server
