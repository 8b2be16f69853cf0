#include "server/ops/trace.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

namespace podium::server {

namespace {

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string random_hex(int digits) {
  thread_local std::mt19937_64 random{std::random_device{}() ^
                                      (std::uint64_t{std::random_device{}()} << 32)};
  std::string text;
  for (std::uint64_t bits = 0; static_cast<int>(text.size()) < digits; bits >>= 4) {
    if (text.size() % 16 == 0) bits = random();
    text += "0123456789abcdef"[bits & 15];
  }
  return text;
}

std::string TraceContext::header() const { return "00-" + trace_id + "-" + span_id + "-" + flags; }

TraceContext join_trace(std::string_view traceparent) {
  TraceContext context{random_hex(32), {}, random_hex(16), "00"};
  // version "-" 32 digits "-" 16 digits "-" 2 digits; later versions may have more after them.
  constexpr std::size_t kSize = 55;
  const auto part = [&](std::size_t from, std::size_t size) {
    return traceparent.substr(from, size);
  };
  if (traceparent.size() < kSize || part(0, 2) == "ff") return context;
  if (traceparent.size() > kSize && (part(0, 2) == "00" || traceparent[kSize] != '-')) {
    return context;
  }
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return context;
  if (!is_hex(part(0, 2)) || !is_hex(part(3, 32)) || !is_hex(part(36, 16)) ||
      !is_hex(part(53, 2)) || is_zero(part(3, 32)) || is_zero(part(36, 16))) {
    return context;
  }
  context.trace_id = part(3, 32);
  context.parent_id = part(36, 16);
  context.flags = part(53, 2);
  return context;
}

}  // namespace podium::server
