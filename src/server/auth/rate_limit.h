// Limits per minute as token buckets, and the headers that tell a client about them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace podium::server {

// Holds at most a minute's worth and refills evenly. The level may go below zero: a charge that is
// known only afterwards is a debt that time pays back.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 0 is no limit. A new limit starts full, a changed one keeps what was used.
  void set_limit(std::int64_t per_minute, Time now);
  std::int64_t limit() const { return limit_; }

  std::int64_t remaining(Time now);  // 0 or more
  void take(double amount, Time now);
  // Until `amount`, or a full bucket where that is less, is there.
  double seconds_until(double amount, Time now);

 private:
  void refill(Time now);
  std::int64_t limit_ = 0;
  double level_ = 0;
  Time at_{};
};

// RateLimit and RateLimit-Policy (IETF draft), X-RateLimit-*, and OpenAI's pair by kind. The limits
// that are 0 are left out. `wait` is how long a refused client has to wait, or 0.
std::vector<Header> limit_headers(TokenBucket& requests, TokenBucket& tokens, double wait,
                                  TokenBucket::Time now);

// Retry-After in whole seconds, rounded up, and retry-after-ms.
std::vector<Header> retry_headers(double seconds);

}  // namespace podium::server
