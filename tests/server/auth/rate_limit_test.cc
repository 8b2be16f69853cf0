#include "server/auth/rate_limit.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

namespace podium::server {
namespace {

using std::chrono::seconds;
const TokenBucket::Time kStart{std::chrono::hours(1)};

TEST(TokenBucket, StartsFullAndRefillsEvenly) {
  TokenBucket bucket;
  bucket.set_limit(60, kStart);
  EXPECT_EQ(bucket.remaining(kStart), 60);
  bucket.take(60, kStart);
  EXPECT_EQ(bucket.remaining(kStart), 0);
  EXPECT_DOUBLE_EQ(bucket.seconds_until(1, kStart), 1);
  EXPECT_EQ(bucket.remaining(kStart + seconds(30)), 30);
  EXPECT_EQ(bucket.seconds_until(30, kStart + seconds(30)), 0);
  EXPECT_EQ(bucket.remaining(kStart + seconds(3600)), 60) << "no more than a minute's worth";
}

TEST(TokenBucket, DebtIsPaidBackByTime) {
  TokenBucket bucket;
  bucket.set_limit(60, kStart);
  bucket.take(90, kStart);
  EXPECT_EQ(bucket.remaining(kStart), 0);
  EXPECT_NEAR(bucket.seconds_until(1, kStart), 31, 1e-6);
}

TEST(TokenBucket, MoreThanTheLimitWaitsForAFullBucket) {
  TokenBucket bucket;
  bucket.set_limit(60, kStart);
  EXPECT_EQ(bucket.seconds_until(1000, kStart), 0);
  bucket.take(30, kStart);
  EXPECT_NEAR(bucket.seconds_until(1000, kStart), 30, 1e-6);
}

TEST(TokenBucket, ANewLimitKeepsWhatWasUsed) {
  TokenBucket bucket;
  bucket.set_limit(60, kStart);
  bucket.take(50, kStart);
  bucket.set_limit(100, kStart);
  EXPECT_EQ(bucket.remaining(kStart), 50);
  bucket.set_limit(20, kStart);
  EXPECT_EQ(bucket.remaining(kStart), 0);
  bucket.set_limit(0, kStart);
  EXPECT_EQ(bucket.seconds_until(1e9, kStart), 0) << "0 is no limit";
  bucket.take(1e6, kStart);
  bucket.set_limit(10, kStart);
  EXPECT_EQ(bucket.remaining(kStart), 10) << "what was used without a limit counts for nothing";
}

TEST(LimitHeaders, NameEachLimit) {
  TokenBucket requests;
  TokenBucket tokens;
  requests.set_limit(60, kStart);
  tokens.set_limit(6000, kStart);
  requests.take(30, kStart);
  const auto listed = limit_headers(requests, tokens, 0, kStart);
  std::map<std::string, std::string> headers(listed.begin(), listed.end());
  EXPECT_EQ(headers["RateLimit-Policy"], "\"requests\";q=60;w=60, \"tokens\";q=6000;w=60");
  EXPECT_EQ(headers["RateLimit"], "\"requests\";r=30;t=30, \"tokens\";r=6000;t=0");
  EXPECT_EQ(headers["X-RateLimit-Limit"], "60");
  EXPECT_EQ(headers["X-RateLimit-Remaining"], "30");
  EXPECT_EQ(headers["X-RateLimit-Remaining-tokens"], "6000");
  EXPECT_EQ(headers["X-RateLimit-Reset-requests"], "30s");
}

TEST(LimitHeaders, AreAbsentWithoutLimits) {
  TokenBucket none;
  EXPECT_TRUE(limit_headers(none, none, 0, kStart).empty());
}

TEST(RetryHeaders, RoundUp) {
  const auto headers = retry_headers(1.2345);
  EXPECT_EQ(headers[0], Header("Retry-After", "2"));
  EXPECT_EQ(headers[1], Header("retry-after-ms", "1235"));
}

}  // namespace
}  // namespace podium::server
