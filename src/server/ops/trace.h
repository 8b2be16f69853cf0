// Names for requests: a request id, and the W3C trace context (https://www.w3.org/TR/trace-context)
// that joins this server's part to the caller's.
#pragma once

#include <string>
#include <string_view>

namespace podium::server {

std::string random_hex(int digits);  // at most 32

struct TraceContext {
  std::string trace_id;   // 32 hexadecimal digits: the caller's, or a new one
  std::string parent_id;  // the caller's span; empty if it sent none
  std::string span_id;    // of this request
  std::string flags;      // two digits; 01: the caller records

  std::string header() const;  // the traceparent of this request
};

// An invalid header counts as none.
TraceContext join_trace(std::string_view traceparent);

}  // namespace podium::server
