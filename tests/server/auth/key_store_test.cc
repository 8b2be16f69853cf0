#include "server/auth/key_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "server/auth/key_file.h"

namespace podium::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kNoon = 1795608000;  // 2026-11-25 12:00 UTC
constexpr std::int64_t kDay = 86400;

TEST_F(KeyFile, AddsListsAndRevokes) {
  KeyStore store = open();
  const auto made = store.add("search", kScopeRerank, {60, 1000, 4});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->secret, ::testing::MatchesRegex("podium_[0-9A-Za-z]{8}_[0-9A-Za-z]{40}"));
  EXPECT_THAT(made->secret, HasSubstr(made->key.id));

  auto keys = open().keys();  // another connection, as another process has it
  ASSERT_TRUE(keys);
  ASSERT_THAT(*keys, SizeIs(1));
  const Key& key = keys->front();
  EXPECT_EQ(key.name, "search");
  EXPECT_EQ(key.scopes, kScopeRerank);
  EXPECT_EQ(key.limits.requests_per_minute, 60);
  EXPECT_EQ(key.limits.tokens_per_minute, 1000);
  EXPECT_EQ(key.limits.concurrency, 4);
  EXPECT_FALSE(key.revoked_at);
  EXPECT_FALSE(key.last_used_at);
  EXPECT_TRUE(equal(key.digest, digest_key(made->secret, open().salt())));

  const auto revoked = store.revoke("search");
  ASSERT_TRUE(revoked) << revoked.error().message;
  EXPECT_TRUE(revoked->revoked_at);
  EXPECT_FALSE(store.revoke(key.id));
  EXPECT_FALSE(store.set_limits(key.id, {}));
  EXPECT_TRUE(store.add("search", kScopeRerank, {})) << "the name of a revoked key is free again";
}

TEST_F(KeyFile, ChangesLimits) {
  KeyStore store = open();
  const auto made = store.add("search", kScopeRerank, {});
  ASSERT_TRUE(store.set_limits(made->key.id, {1, 2, 3}));
  const auto found = store.find("search");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->limits.requests_per_minute, 1);
  EXPECT_EQ(found->limits.tokens_per_minute, 2);
  EXPECT_EQ(found->limits.concurrency, 3);
  EXPECT_FALSE(store.set_limits("search", {-1, 0, 0}));
  EXPECT_FALSE(store.set_limits("nobody", {}));
}

TEST_F(KeyFile, RefusesWhatCannotBeAKey) {
  KeyStore store = open();
  ASSERT_TRUE(store.add("search", kScopeRerank, {}, "sk-a-key-from-elsewhere-1234"));
  EXPECT_FALSE(store.add("search", kScopeRerank, {})) << "the name is taken";
  EXPECT_FALSE(store.add("again", kScopeRerank, {}, "sk-a-key-from-elsewhere-1234"));
  EXPECT_FALSE(store.add("", kScopeRerank, {}));
  EXPECT_FALSE(store.add("two\nlines", kScopeRerank, {}));
  EXPECT_FALSE(store.add(std::string(101, 'x'), kScopeRerank, {}));
  EXPECT_FALSE(store.add("short", kScopeRerank, {}, "short"));
  EXPECT_THAT(*store.keys(), SizeIs(1));
}

TEST_F(KeyFile, NamesAreData) {
  KeyStore store = open();
  const std::string name = "x'; DROP TABLE keys; --";
  ASSERT_TRUE(store.add(name, kScopeRerank, {}));
  ASSERT_TRUE(store.set_limits(name, {7, 0, 0}));
  EXPECT_EQ(store.find(name)->limits.requests_per_minute, 7);
  EXPECT_TRUE(store.revoke(name));
}

TEST_F(KeyFile, SumsUsageByKeyAndDay) {
  KeyStore store = open();
  const std::string a = store.add("a", kScopeRerank, {})->key.id;
  const std::string b = store.add("b", kScopeRerank, {})->key.id;
  ASSERT_TRUE(store.record(a, 100, kNoon - kDay));
  ASSERT_TRUE(store.record(a, 200, kNoon));
  ASSERT_TRUE(store.record(a, 300, kNoon + 1));
  ASSERT_TRUE(store.record(b, 5, kNoon));

  const auto all = store.usage("", 30, kNoon);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_THAT(*all, SizeIs(3));
  EXPECT_EQ((*all)[0].day, "2026-11-25");
  EXPECT_EQ((*all)[0].name, "a");
  EXPECT_EQ((*all)[0].requests, 2);
  EXPECT_EQ((*all)[0].tokens, 500);
  EXPECT_EQ((*all)[1].name, "b");
  EXPECT_EQ((*all)[2].day, "2026-11-24");
  EXPECT_THAT(*store.usage("", 1, kNoon), SizeIs(2));
  EXPECT_THAT(*store.usage("b", 30, kNoon), SizeIs(1));
  EXPECT_FALSE(store.usage("nobody", 30, kNoon));
  EXPECT_EQ(store.find("a")->last_used_at, kNoon + 1);
}

TEST_F(KeyFile, IsForItsOwnerOnly) {
  KeyStore store = open();
  ASSERT_TRUE(store.add("a", kScopeRerank, {}));
  for (const char* end : {"", "-wal", "-shm"}) {
    struct stat file{};
    ASSERT_EQ(::stat((path + end).c_str(), &file), 0) << end;
    EXPECT_EQ(file.st_mode & 0777, 0600U) << end;
  }
  ::chmod(path.c_str(), 0644);
  open();
  struct stat file{};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U) << "opening takes back what others may read";
}

TEST_F(KeyFile, HoldsNoKey) {
  std::string secret;
  {
    KeyStore store = open();
    secret = store.add("a", kScopeRerank, {})->secret;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find(secret.substr(16)), std::string::npos) << entry.path();
  }
}

TEST_F(KeyFile, RevisionFollowsKeysNotUsage) {
  KeyStore writer = open();
  KeyStore reader = open();
  const std::string id = writer.add("a", kScopeRerank, {})->key.id;
  const auto first = reader.revision();
  ASSERT_TRUE(first);
  ASSERT_TRUE(writer.record(id, 1, kNoon));
  EXPECT_EQ(*reader.revision(), *first);
  ASSERT_TRUE(writer.revoke(id));
  EXPECT_NE(*reader.revision(), *first);
}

TEST_F(KeyFile, RefusesAFileThatIsNoKeyFile) {
  std::filesystem::create_directories(folder);
  std::ofstream(path) << "This is a letter to a friend, and no database at all.";
  const auto store = KeyStore::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::malformed);
  EXPECT_THAT(store.error().message, HasSubstr("is not a key file"));
}

TEST_F(KeyFile, RefusesANewerFormat) {
  open();
  ASSERT_TRUE(Database::open(path, true)->run("PRAGMA user_version = 99"));
  const auto store = KeyStore::open(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::unsupported);
}

TEST(Scopes, ReadAndWriteThemselves) {
  for (const char* text : {"rerank", "admin", "rerank,admin"}) {
    EXPECT_EQ(scopes_text(*parse_scopes(text)), text);
  }
  for (const char* text : {"", "root", "rerank,", "rerank admin"}) {
    EXPECT_FALSE(parse_scopes(text)) << text;
  }
}

}  // namespace
}  // namespace podium::server
