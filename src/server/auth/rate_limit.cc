#include "server/auth/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace podium::server {

namespace {

constexpr double kSeconds = 60;

std::int64_t ceiling(double seconds) { return static_cast<std::int64_t>(std::ceil(seconds)); }

}  // namespace

void TokenBucket::set_limit(std::int64_t per_minute, Time now) {
  if (per_minute == limit_) return;
  refill(now);
  const double used = static_cast<double>(limit_) - level_;
  level_ = static_cast<double>(per_minute) - (limit_ == 0 ? 0 : used);
  limit_ = per_minute;
  at_ = now;
}

void TokenBucket::refill(Time now) {
  const double seconds = std::chrono::duration<double>(now - at_).count();
  const auto full = static_cast<double>(limit_);
  level_ = std::min(full, level_ + std::max(seconds, 0.0) * full / kSeconds);
  at_ = std::max(at_, now);
}

std::int64_t TokenBucket::remaining(Time now) {
  refill(now);
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(level_)));
}

void TokenBucket::take(double amount, Time now) {
  refill(now);
  level_ = std::min(level_ - amount, static_cast<double>(limit_));
}

double TokenBucket::seconds_until(double amount, Time now) {
  if (limit_ == 0) return 0;
  refill(now);
  const auto full = static_cast<double>(limit_);
  // Sums of floating-point refills miss a whole amount by less than this.
  constexpr double kSlack = 1e-6;
  const double missing = std::min(amount, full) - level_;
  return missing <= kSlack ? 0 : missing * kSeconds / full;
}

std::vector<Header> limit_headers(TokenBucket& requests, TokenBucket& tokens, double wait,
                                  TokenBucket::Time now) {
  struct Policy {
    std::string_view name;
    TokenBucket& bucket;
  };
  std::vector<Header> headers;
  std::string policies;
  std::string states;
  for (const Policy& policy : {Policy{"requests", requests}, Policy{"tokens", tokens}}) {
    const std::int64_t limit = policy.bucket.limit();
    if (limit == 0) continue;
    const std::int64_t left = policy.bucket.remaining(now);
    const auto full = static_cast<double>(limit);
    const std::int64_t reset = ceiling(std::max(wait, policy.bucket.seconds_until(full, now)));
    const std::string_view comma = policies.empty() ? "" : ", ";
    policies += fmt::format("{}\"{}\";q={};w=60", comma, policy.name, limit);
    states += fmt::format("{}\"{}\";r={};t={}", comma, policy.name, left, reset);
    if (headers.empty()) {
      const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(unix_time).count();
      // Clients read this one as a point in time.
      headers.emplace_back("X-RateLimit-Limit", std::to_string(limit));
      headers.emplace_back("X-RateLimit-Remaining", std::to_string(left));
      headers.emplace_back("X-RateLimit-Reset", std::to_string(seconds + reset));
    }
    headers.emplace_back(fmt::format("X-RateLimit-Limit-{}", policy.name), std::to_string(limit));
    headers.emplace_back(fmt::format("X-RateLimit-Remaining-{}", policy.name),
                         std::to_string(left));
    headers.emplace_back(fmt::format("X-RateLimit-Reset-{}", policy.name),
                         fmt::format("{}s", reset));
  }
  if (policies.empty()) return headers;
  headers.emplace_back("RateLimit-Policy", policies);
  headers.emplace_back("RateLimit", states);
  return headers;
}

std::vector<Header> retry_headers(double seconds) {
  return {{"Retry-After", std::to_string(std::max<std::int64_t>(1, ceiling(seconds)))},
          {"retry-after-ms", std::to_string(ceiling(seconds * 1000))}};
}

}  // namespace podium::server
