// kill -9 while keys and usage are written: what was acknowledged is there, the file opens again.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <thread>

#include "server/auth/key_file.h"
#include "server/auth/key_gate.h"

namespace podium::server {
namespace {

// What the child says once a thing is done. Shorter than a pipe's atomic write.
struct Receipt {
  bool is_key;
  char secret[64];
};

// Adds keys and uses them until it is killed; writes a receipt after each.
[[noreturn]] void write_until_killed(const std::string& path, int receipts) {
  auto store = KeyStore::open(path);
  auto gate = key_gate(path);
  if (!store || !gate) ::_exit(1);
  for (int i = 0;; ++i) {
    Receipt receipt{true, {}};
    const auto made = store->add(fmt::format("{}-{}", ::getpid(), i), kScopeRerank, {});
    if (!made || made->secret.size() >= sizeof receipt.secret) ::_exit(1);
    made->secret.copy(receipt.secret, sizeof receipt.secret - 1);
    if (::write(receipts, &receipt, sizeof receipt) != sizeof receipt) ::_exit(1);
    receipt.is_key = false;
    HttpRequest request;
    request.headers.emplace_back("X-Api-Key", made->secret);
    for (int used = 0; used < 20; ++used) {
      const auto identity = (*gate)->identify(request, Access::user);
      if (!identity) ::_exit(2);
      const auto admission = (*gate)->admit(*identity, 1);
      if (!admission) ::_exit(3);
      (*gate)->settle(*admission, 1);
      if (::write(receipts, &receipt, sizeof receipt) != sizeof receipt) ::_exit(4);
    }
  }
}

class Kill : public KeyFile {
 protected:
  // A child that writes for a while and is killed. False if it ended by itself.
  bool write_and_kill(std::chrono::microseconds after) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(path, ends[1]);
    }
    ::close(ends[1]);
    std::jthread killer([child, after] {
      std::this_thread::sleep_for(after);
      ::kill(child, SIGKILL);
    });
    for (Receipt receipt; ::read(ends[0], &receipt, sizeof receipt) == sizeof receipt;) {
      std::int64_t& uses = acknowledged[receipt.secret];
      if (!receipt.is_key) ++uses;
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  std::map<std::string, std::int64_t> acknowledged;  // secret -> requests settled
};

TEST_F(Kill, LosesNothingAcknowledged) {
  constexpr int kTimes = 12;
  std::mt19937 random(7);
  for (int i = 0; i < kTimes; ++i) {
    const std::chrono::milliseconds after(20 + random() % 100);
    ASSERT_TRUE(write_and_kill(after));

    KeyStore store = open();
    auto integrity = Database::open(path, true)->prepare("PRAGMA integrity_check");
    ASSERT_TRUE(integrity && integrity->start() && integrity->next());
    EXPECT_EQ(integrity->text(0), "ok");
    std::map<KeyDigest, std::string> ids;
    const auto keys = store.keys();
    ASSERT_TRUE(keys);
    for (const Key& key : *keys) ids[key.digest] = key.id;
    std::map<std::string, std::int64_t> used;
    const auto usage = store.usage("", 2, now_seconds());
    ASSERT_TRUE(usage);
    for (const UsageRow& row : *usage) used[row.key_id] += row.requests;
    for (const auto& [secret, uses] : acknowledged) {
      const auto id = ids.find(digest_key(secret, store.salt()));
      ASSERT_NE(id, ids.end()) << "an acknowledged key is lost";
      ASSERT_GE(used[id->second], uses) << "acknowledged usage is lost";
      ASSERT_LE(used[id->second], uses + 1) << "usage was counted twice";
    }
  }
  EXPECT_GT(acknowledged.size(), kTimes) << "the children wrote too little to say anything";
}

}  // namespace
}  // namespace podium::server
