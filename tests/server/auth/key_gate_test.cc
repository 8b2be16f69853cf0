#include "server/auth/key_gate.h"

#include <gmock/gmock.h>

#include "server/auth/key_file.h"

namespace podium::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

class KeyGateTest : public KeyFile {
 protected:
  std::unique_ptr<Gate> open_gate_of_file() {
    auto gate = key_gate(path, [this] { return now; });
    EXPECT_TRUE(gate) << gate.error().message;
    return std::move(*gate);
  }

  static HttpRequest with(const std::string& name, const std::string& value) {
    HttpRequest request;
    request.headers.emplace_back(name, value);
    return request;
  }
  static HttpRequest bearer(const std::string& secret) {
    return with("Authorization", "Bearer " + secret);
  }

  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
};

TEST_F(KeyGateTest, WithoutAFileEverybodyIsLetIn) {
  const auto gate = open_gate_of_file();
  EXPECT_FALSE(gate->has_keys());
  const auto identity = gate->identify({}, Access::admin);
  ASSERT_TRUE(identity);
  EXPECT_TRUE(identity->admin);
  EXPECT_EQ(identity->client, "");
  const auto admission = gate->admit(*identity, 1000);
  ASSERT_TRUE(admission);
  gate->settle(*admission, 1000);
  EXPECT_FALSE(std::filesystem::exists(path)) << "looking makes no file";
}

TEST_F(KeyGateTest, TheFirstKeyClosesARunningServer) {
  const auto gate = open_gate_of_file();
  ASSERT_TRUE(gate->identify({}, Access::user));
  const std::string secret = open().add("a", kScopeRerank, {})->secret;
  const auto refused = gate->identify({}, Access::user);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 401);
  EXPECT_THAT(refused.error().headers, Contains(Key("WWW-Authenticate")));
  EXPECT_TRUE(gate->identify(bearer(secret), Access::user));
  EXPECT_TRUE(gate->identify({}, Access::open));
  EXPECT_TRUE(gate->has_keys());
}

TEST_F(KeyGateTest, TakesAKeyFromEveryHeader) {
  const auto made = open().add("a", kScopeRerank, {});
  const auto gate = open_gate_of_file();
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"Authorization", "Bearer " + made->secret},
        {"authorization", "bearer " + made->secret},
        {"Api-Key", made->secret},
        {"api-key", made->secret},
        {"X-Api-Key", made->secret}}) {
    const auto identity = gate->identify(with(name, value), Access::user);
    ASSERT_TRUE(identity) << name;
    EXPECT_EQ(identity->client, made->key.id);
    EXPECT_FALSE(identity->admin);
  }
  HttpRequest two = bearer("something-of-the-proxy");
  two.headers.emplace_back("X-Api-Key", made->secret);
  EXPECT_TRUE(gate->identify(two, Access::user));
}

TEST_F(KeyGateTest, RefusesEveryOtherKey) {
  const std::string secret = open().add("a", kScopeRerank, {})->secret;
  const auto gate = open_gate_of_file();
  for (const HttpRequest& request :
       {HttpRequest{}, bearer(""), bearer(secret.substr(1)), bearer(secret + "x"),
        with("Authorization", secret), with("Authorization", "Basic " + secret),
        with("X-Key", secret), bearer(std::string(100'000, 'x')),
        bearer(std::string("\0\xff", 2))}) {
    const auto refused = gate->identify(request, Access::user);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 401);
    EXPECT_THAT(refused.error().error.message, Not(HasSubstr(secret.substr(1))));
  }
}

TEST_F(KeyGateTest, ScopesSayWhatAKeyMayDo) {
  KeyStore store = open();
  const std::string user = store.add("user", kScopeRerank, {})->secret;
  const std::string admin = store.add("admin", kScopeAdmin, {})->secret;
  const std::string both = store.add("both", kScopeRerank | kScopeAdmin, {})->secret;
  const auto gate = open_gate_of_file();
  EXPECT_EQ(gate->identify(bearer(user), Access::admin).error().status, 403);
  EXPECT_EQ(gate->identify(bearer(admin), Access::user).error().status, 403);
  EXPECT_TRUE(gate->identify(bearer(admin), Access::admin));
  EXPECT_TRUE(gate->identify(bearer(both), Access::user));
  EXPECT_TRUE(gate->identify(bearer(both), Access::admin)->admin);
}

TEST_F(KeyGateTest, RevocationHoldsFromTheNextRequest) {
  KeyStore store = open();
  const std::string secret = store.add("a", kScopeRerank, {})->secret;
  const auto gate = open_gate_of_file();
  ASSERT_TRUE(gate->identify(bearer(secret), Access::user));
  ASSERT_TRUE(store.revoke("a"));
  const auto refused = gate->identify(bearer(secret), Access::user);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.message, HasSubstr("revoked"));
  EXPECT_FALSE(gate->identify({}, Access::user))
      << "a file whose keys are all revoked stays closed";
}

TEST_F(KeyGateTest, LimitsRequests) {
  KeyStore store = open();
  const std::string secret = store.add("a", kScopeRerank, {2, 0, 0})->secret;
  const auto gate = open_gate_of_file();
  const Identity identity = *gate->identify(bearer(secret), Access::user);
  const auto first = gate->admit(identity, 10);
  ASSERT_TRUE(first);
  EXPECT_THAT(first->headers, Contains(Pair("RateLimit", "\"requests\";r=1;t=30")));
  gate->settle(*first, 10);
  gate->settle(*gate->admit(identity, 10), 10);
  const auto refused = gate->admit(identity, 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 429);
  EXPECT_THAT(refused.error().headers, Contains(Pair("Retry-After", "30")));
  EXPECT_THAT(refused.error().headers, Contains(Pair("retry-after-ms", "30000")));
  EXPECT_THAT(refused.error().headers, Contains(Pair("X-RateLimit-Remaining", "0")));
  now += seconds(30);
  EXPECT_TRUE(gate->admit(identity, 10)) << "Retry-After is kept";

  ASSERT_TRUE(store.set_limits("a", {0, 0, 0}));
  ASSERT_TRUE(gate->identify(bearer(secret), Access::user));
  EXPECT_TRUE(gate->admit(identity, 10)) << "a new limit holds at once";
}

TEST_F(KeyGateTest, LimitsTokensAsUsedNotAsEstimated) {
  const std::string secret = open().add("a", kScopeRerank, {0, 600, 0})->secret;
  const auto gate = open_gate_of_file();
  const Identity identity = *gate->identify(bearer(secret), Access::user);
  const auto first = gate->admit(identity, 500);
  ASSERT_TRUE(first);
  gate->settle(*first, 100);
  const auto second = gate->admit(identity, 500);
  ASSERT_TRUE(second) << "only 100 were used";
  gate->settle(*second, 700);
  const auto refused = gate->admit(identity, 1);
  ASSERT_FALSE(refused) << "200 over: a debt";
  EXPECT_THAT(refused.error().headers, Contains(Pair("Retry-After", "21")));
  now += seconds(21);
  EXPECT_TRUE(gate->admit(identity, 1));
  now += seconds(60);
  EXPECT_TRUE(gate->admit(identity, 1'000'000)) << "more than the limit passes with a full bucket";
}

TEST_F(KeyGateTest, LimitsConcurrency) {
  const std::string secret = open().add("a", kScopeRerank, {0, 0, 2})->secret;
  const auto gate = open_gate_of_file();
  const Identity identity = *gate->identify(bearer(secret), Access::user);
  const auto first = gate->admit(identity, 1);
  ASSERT_TRUE(gate->admit(identity, 1));
  const auto refused = gate->admit(identity, 1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().headers, Contains(Pair("Retry-After", "1")));
  gate->settle(*first, 1);
  EXPECT_TRUE(gate->admit(identity, 1));
}

TEST_F(KeyGateTest, RecordsUsageBeforeSettleReturns) {
  const auto made = open().add("a", kScopeRerank, {});
  const auto gate = open_gate_of_file();
  const Identity identity = *gate->identify(bearer(made->secret), Access::user);
  for (int i = 0; i < 3; ++i) gate->settle(*gate->admit(identity, 5), 7);
  const auto usage = open().usage("a", 2, now_seconds());
  ASSERT_TRUE(usage);
  ASSERT_FALSE(usage->empty());
  EXPECT_EQ(usage->front().requests, 3);
  EXPECT_EQ(usage->front().tokens, 21);
  EXPECT_TRUE(open().find("a")->last_used_at);
}

}  // namespace
}  // namespace podium::server
