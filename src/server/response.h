// What all responses have in common.
#pragma once

#include "server/api/dialect.h"
#include "server/entry.h"
#include "server/ops/trace.h"
#include "server/options.h"

namespace podium::server {

// The refusal as the dialect says it; as most clients read it where that is null.
HttpResponse render_denial(const ServerOptions& options, const Dialect* dialect,
                           std::string_view request_id, Denial denial);

// Adds the headers that every response carries, but for those it has already.
void add_headers(const ServerOptions& options, std::string_view request_id,
                 const TraceContext& trace, HttpResponse& response);

}  // namespace podium::server
