// The server in this process, over real sockets, with an engine that the test holds in its hand:
// what many clients, vanishing ones, swaps and the end of the server do to one another. The same
// program runs under ThreadSanitizer (scripts/check.sh threads).
#include "server/server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <set>

#include "server/auth/key_file.h"
#include "server/auth/key_gate.h"
#include "server/fake_engine.h"
#include "server/http_client.h"

namespace podium::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr int kRankingThreads = 64;  // of a server

// What the engine is asked for, and a gate that holds it up.
class Ranking {
 public:
  Ranking() {
    fake::on_rank([this](std::span<const std::string_view> documents, const RankOptions&) {
      std::unique_lock lock(mutex_);
      documents_ += documents.size();
      for (const auto document : documents) seen_.emplace(document);
      ++entered_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
    });
  }
  ~Ranking() { fake::on_rank({}); }

  void close() { set(false); }
  void open() { set(true); }
  void wait_for(std::size_t calls) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 30s, [&] { return entered_ >= calls; })) << entered_;
  }
  std::size_t documents() {
    const std::lock_guard lock(mutex_);
    return documents_;
  }
  bool has_seen(const std::string& document) {
    const std::lock_guard lock(mutex_);
    return seen_.contains(document);
  }

 private:
  void set(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  std::size_t entered_ = 0;
  std::size_t documents_ = 0;
  std::set<std::string> seen_;
};

std::string request(const std::string& path, const std::string& body,
                    const std::string& headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n{}", path,
                     body.size(), headers, body);
}

std::string rerank(const std::string& document, const std::string& headers = "") {
  return request("/v1/rerank", R"({"query":"q","documents":["a","b",")" + document + "\"]}",
                 headers);
}

std::string bearer(const std::string& key) { return "Authorization: Bearer " + key + "\r\n"; }

class ServerTest : public KeyFile {
 protected:
  ~ServerTest() override { ranking.open(); }

  void start(ServerOptions options = {}) {
    options.http.port = 0;
    options.access_log = true;
    server = *Server::start(std::move(options), *key_gate(path), [this](std::string_view line) {
      const std::lock_guard lock(log_mutex);
      log.append(line).append("\n");
    });
    ASSERT_TRUE(server->load());
    const std::string address = server->address();
    port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  Received ask(const std::string& bytes) const {
    const auto client = connect();
    client->send(bytes);
    return client->receive();
  }
  std::unique_ptr<HttpClient> connect() const { return std::make_unique<HttpClient>(port); }

  double gauge(std::string_view name) const {
    for (const Gauge& gauge : server->gauges()) {
      if (gauge.name == name) return gauge.value;
    }
    return -1;
  }
  void wait_until(std::string_view name, double value) const {
    for (int i = 0; i < 3000 && gauge(name) != value; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_EQ(gauge(name), value) << name;
  }

  // As many requests as there are threads, all of them in the engine, none of them answered.
  std::vector<std::unique_ptr<HttpClient>> occupy_all_threads() {
    ranking.close();
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < kRankingThreads; ++i) {
      clients.push_back(connect());
      clients.back()->send(rerank(fmt::format("occupied {}", i)));
      ranking.wait_for(clients.size());  // one by one: a short queue would refuse some of a crowd
    }
    return clients;
  }

  Ranking ranking;
  std::mutex log_mutex;
  std::string log;
  std::unique_ptr<Server> server;  // gone before what its threads use
  std::uint16_t port = 0;
};

TEST_F(ServerTest, WorkOfAClientThatHungUpIsDroppedBeforeItIsComputed) {
  start();
  const auto occupied = occupy_all_threads();
  {
    const auto gone = connect();
    gone->send(rerank("gone"));
    wait_until("podium_queue", 1);
  }
  wait_until("podium_in_flight", kRankingThreads);  // it has been noticed
  const auto patient = connect();
  patient->send(rerank("patient"));
  patient->send_no_more();  // half closed: it still wants its answer
  wait_until("podium_in_flight", kRankingThreads + 1);
  ranking.open();
  EXPECT_EQ(patient->receive().status, 200);
  for (const auto& client : occupied) EXPECT_EQ(client->receive().status, 200);
  wait_until("podium_in_flight", 0);
  EXPECT_TRUE(ranking.has_seen("patient"));
  EXPECT_FALSE(ranking.has_seen("gone"));
}

TEST_F(ServerTest, AFullQueueRefusesAtOnceAndSaysWhenToComeBack) {
  start({.max_queue = 2});
  const auto occupied = occupy_all_threads();
  std::vector<std::unique_ptr<HttpClient>> waiting;
  for (int i = 0; i < 2; ++i) {
    waiting.push_back(connect());
    waiting.back()->send(rerank("waiting"));
    wait_until("podium_queue", i + 1);
  }
  for (const auto* route : {"/v1/rerank", "/v2/rerank", "/rerank", "/invocations"}) {
    const Received refused = ask(request(route, R"({"query":"q","documents":["late"]})"));
    EXPECT_TRUE(refused.status == 429 || refused.status == 503) << route << refused.status;
    EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  }
  EXPECT_EQ(ask("GET /health HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  ranking.open();
  for (const auto& client : waiting) EXPECT_EQ(client->receive().status, 200);
  EXPECT_EQ(ask(rerank("again")).status, 200);
  EXPECT_FALSE(ranking.has_seen("late"));
}

std::string texts(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += fmt::format("{}\"t{}\"", i == 0 ? "" : ",", i);
  return R"({"input":[)" + list + "]}";
}

TEST_F(ServerTest, VectorsKeepNobodyFromBeingReadAndAreOnlyForWhoWaits) {
  start();
  ranking.close();
  std::vector<std::unique_ptr<HttpClient>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(connect());
    waiting.back()->send(request("/v1/embeddings", texts(1)));
  }
  ranking.wait_for(3);
  EXPECT_EQ(ask(request("/v1/rerank", "{}")).status, 422);
  EXPECT_EQ(ask("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  {
    const auto gone = connect();
    gone->send(request("/v1/embeddings", texts(64)));
    ranking.wait_for(4);
  }
  wait_until("podium_in_flight", 3);
  ranking.open();
  for (const auto& client : waiting) EXPECT_EQ(client->receive().status, 200);
  EXPECT_TRUE(ranking.has_seen("t1"));
  EXPECT_FALSE(ranking.has_seen("t63"));
  EXPECT_EQ(ask(request("/v1/embeddings", texts(2048))).status, 200);
  EXPECT_THAT(ask(request("/v1/embeddings", texts(2049))).body, HasSubstr("2048"));
}

TEST_F(ServerTest, DrainingFinishesWhatIsInFlightAndTakesNoMore) {
  start({.shutdown_timeout = 30s});
  ranking.close();
  const auto running = connect();
  running->send(rerank("running"));
  ranking.wait_for(1);
  const auto late = connect();
  late->send("POST /v1/rerank HTTP/1.1\r\n");  // busy, so it is not closed as idle
  wait_until("podium_connections", 2);
  std::this_thread::sleep_for(50ms);
  bool all_done = false;
  std::thread drain([&] { all_done = server->drain(); });
  while (server->phase() != Server::Phase::draining) std::this_thread::yield();
  late->send("Host: x\r\nContent-Length: 31\r\n\r\n{\"query\":\"q\",\"documents\":[\"x\"]} ");
  const Received refused = late->receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_EQ(ask("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n").status, 503);
  ranking.open();
  EXPECT_EQ(running->receive().status, 200);
  drain.join();
  EXPECT_TRUE(all_done);
}

TEST_F(ServerTest, ADrainThatTakesTooLongIsCutOff) {
  start({.shutdown_timeout = 100ms});
  ranking.close();
  const auto running = connect();
  running->send(rerank("running"));
  ranking.wait_for(1);
  EXPECT_FALSE(server->drain());
  EXPECT_EQ(running->receive().status, 0);
}

TEST_F(ServerTest, ScoresAreReusedWithinAKeyAndNotBetweenKeys) {
  KeyStore store = open();
  const std::string alice = store.add("alice", kScopeRerank, {})->secret;
  const std::string bob = store.add("bob", kScopeRerank, {})->secret;
  for (const bool shared : {false, true}) {
    start({.shared_cache = shared});
    const std::size_t before = ranking.documents();
    const Received first = ask(rerank("c", bearer(alice)));
    EXPECT_EQ(ranking.documents() - before, 3U);
    const Received again = ask(rerank("c", bearer(alice)));
    EXPECT_EQ(ranking.documents() - before, 3U);
    EXPECT_EQ(ask(rerank("c", bearer(bob))).status, 200);
    EXPECT_EQ(ranking.documents() - before, shared ? 3U : 6U);
    const auto results = [](const std::string& body) {
      return body.substr(body.find("\"results\""));
    };
    EXPECT_EQ(results(first.body), results(again.body));
    server.reset();
  }
}

TEST_F(ServerTest, RepeatedDocumentsAreComputedOnce) {
  start({.cache = 0});
  const Received answer =
      ask(request("/v1/rerank", R"({"query":"q","documents":["a","b","a","a"]})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(ranking.documents(), 2U);
  for (const auto* index : {"\"index\":0", "\"index\":1", "\"index\":2", "\"index\":3"}) {
    EXPECT_THAT(answer.body, HasSubstr(index));
  }
}

TEST_F(ServerTest, AModelsPlaceIsTakenByAnotherWhileRequestsGoOn) {
  start({.models = {{"m", "old"}}});
  ranking.close();
  const auto running = connect();
  running->send(rerank("with the old one"));
  ranking.wait_for(1);
  ASSERT_TRUE(server->models().load("m", "new"));
  EXPECT_FALSE(server->models().load("m", "missing"));
  EXPECT_EQ(server->models().find_loaded("m")->info().name, "new");
  EXPECT_EQ(server->models().list().size(), 1U);
  ranking.open();
  EXPECT_EQ(running->receive().status, 200);
  EXPECT_EQ(ask(rerank("with the new one")).status, 200);
  EXPECT_FALSE(server->models().unload("m")) << "the last one stays";
  EXPECT_FALSE(server->models().unload("../../etc"));
}

TEST_F(ServerTest, LogsErrorsAndMetricsHoldNoSecretAndNoText) {
  KeyStore store = open();
  const std::string alice = store.add("alice", kScopeRerank, {})->secret;
  const std::string root = store.add("root", kScopeAdmin | kScopeRerank, {})->secret;
  const std::string wrong = "podium_wrong_wrongwrongwrongwrongwrong";
  const std::string body =
      R"({"query":"private question","documents":["private document"],"top_n":)";
  start();
  std::string said;
  for (const std::string& header : {bearer(alice), "X-Api-Key: " + alice + "\r\n", bearer(wrong),
                                    "api-key: " + wrong + "\r\n", bearer(root)}) {
    for (const auto* top : {"1}", "-1}", "\"x\"}", "1"}) {
      for (const auto* where : {"/v1/rerank", "/v2/rerank", "/rerank", "/vertex", "/nowhere",
                                "/admin/models", "/score"}) {
        const Received answer = ask(request(where, body + top, header));
        said += answer.head;
        if (answer.status != 200) said += answer.body;
      }
    }
  }
  const std::string get = " HTTP/1.1\r\nHost: x\r\n" + bearer(root) + "\r\n";
  for (const auto* where : {"/metrics", "/status", "/admin/keys", "/v1/models", "/openapi.json"}) {
    const Received answer = ask(fmt::format("GET {}{}", where, get));
    EXPECT_EQ(answer.status, 200) << where;
    said += answer.body;
  }
  const std::lock_guard lock(log_mutex);
  EXPECT_THAT(log, HasSubstr("/v1/rerank"));
  for (const std::string& text : {said, log}) {
    for (const std::string& secret : {alice, root, wrong, std::string("private")}) {
      EXPECT_THAT(text, Not(HasSubstr(secret)));
    }
  }
}

// Everything at once; nobody gets anything but what one alone would get.
TEST_F(ServerTest, ManyClientsKeysSwapsAndHangUpsAtOnce) {
  constexpr int kClients = 12;
  constexpr int kRequests = 40;
  KeyStore store = open();
  std::vector<std::string> keys;
  for (int i = 0; i < kClients; ++i)
    keys.push_back(store.add(fmt::format("{}", i), kScopeRerank | kScopeAdmin, {})->secret);
  start({.models = {{"m", "old"}}, .cache = 100});
  const std::string alone = ask(rerank("c", bearer(keys[0]))).body;
  const auto results = [](const std::string& body) {
    return body.substr(body.find("\"results\""));
  };
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      const auto client = connect();
      for (int n = 0; n < kRequests; ++n) {
        client->send(rerank("c", bearer(keys[i])));
        const Received answer = client->receive();
        wrong += answer.status != 200 || results(answer.body) != results(alone);
        connect()->send(rerank(fmt::format("gone {}", n), bearer(keys[i])));  // and hangs up
        const auto* page = n % 2 == 0 ? "/metrics" : "/status";
        wrong += ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n", page, bearer(keys[i])))
                     .status != 200;
      }
    });
  }
  threads.emplace_back([&] {
    for (int n = 0; n < kRequests; ++n) {
      wrong += ask(request("/admin/models", R"({"name":"m","model":"new"})",
                           "Content-Type: application/json\r\n" + bearer(keys[0])))
                   .status != 201;
      wrong += !store.set_limits("1", {.requests_per_minute = 1'000'000 + n});
    }
  });
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(server->drain());
  const auto usage = store.usage("", 2, now_seconds());
  ASSERT_TRUE(usage);
  std::int64_t used = 0;
  for (const UsageRow& row : *usage) used += row.requests;
  EXPECT_GT(used, kClients * kRequests);
}

}  // namespace
}  // namespace podium::server
