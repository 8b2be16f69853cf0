// The file of API keys: who may call, how much, and how much they did. One SQLite file that the
// command line and a running server share; each change is a transaction.
//
// The file holds digests of keys, never keys. One KeyStore is one connection: use it from one
// thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/auth/key_secret.h"
#include "server/auth/sqlite.h"

namespace podium::server {

// What a key may do; a set of bits.
using Scopes = unsigned;
constexpr Scopes kScopeRerank = 1;  // every inference route
constexpr Scopes kScopeAdmin = 2;   // keys, models, status

// "rerank,admin" and back. Errors name the word that is no scope.
std::string scopes_text(Scopes scopes);
Result<Scopes> parse_scopes(std::string_view text);

// 0 is no limit.
struct KeyLimits {
  std::int64_t requests_per_minute = 0;
  std::int64_t tokens_per_minute = 0;
  std::int64_t concurrency = 0;  // requests in flight at once
};

// Times are seconds since 1970.
struct Key {
  std::string id;    // short and public, for logs and commands
  std::string name;  // what its owner calls it; unique among the keys that are not revoked
  Scopes scopes = kScopeRerank;
  KeyLimits limits;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> revoked_at;
  std::optional<std::int64_t> last_used_at;
  KeyDigest digest{};
};

struct NewKey {
  Key key;
  std::string secret;  // what the client sends; known only now
};

// Sums of one key on one day (UTC, "2026-11-24").
struct UsageRow {
  std::string key_id;
  std::string name;
  std::string day;
  std::int64_t requests = 0;
  std::int64_t tokens = 0;
};

class KeyStore {
 public:
  // $PODIUM_KEYS, else keys.db in podium's folder of the user's data.
  static std::string default_path();

  // Creates the file and its folder where there is none. `durable` as in Database::open.
  static Result<KeyStore> open(const std::string& path, bool durable = true);

  // `secret` brings a key from elsewhere along (at least 20 characters); empty makes one.
  Result<NewKey> add(std::string_view name, Scopes scopes, const KeyLimits& limits,
                     std::string_view secret = {});
  Result<std::vector<Key>> keys();  // oldest first, revoked ones included

  // `key` is an id or the name of a key that is not revoked. Both return the key as changed.
  Result<Key> revoke(std::string_view key);
  Result<Key> set_limits(std::string_view key, const KeyLimits& limits);
  Result<Key> find(std::string_view key);

  // Adds one request to a key's sums of `now`'s day.
  Result<void> record(std::string_view id, std::int64_t tokens, std::int64_t now);
  // Newest day first; `key` empty is all keys, `days` counts back from today.
  Result<std::vector<UsageRow>> usage(std::string_view key, std::int64_t days, std::int64_t now);

  // Changes whenever another connection changed a key.
  Result<std::int64_t> revision();

  // Moves the log into the file so that it does not grow; a commit then and when does it unasked.
  Result<void> checkpoint();
  Result<void> checkpoint_only_when_asked();

  const KeySalt& salt() const { return salt_; }

 private:
  Result<void> prepare_schema();
  Result<std::vector<Key>> read_keys(std::string_view where,
                                     std::initializer_list<SqlValue> values);
  Result<Key> change(std::string_view key, const std::function<void(Key&)>& edit);

  Database database_;
  KeySalt salt_{};
  Statement record_;
  Statement data_version_;
  std::int64_t seen_data_version_ = -1;
  std::int64_t revision_ = 0;
};

std::int64_t now_seconds();

// "2026-11-24", "2026-11-24 13:05" and "2026-11-24T13:05:59Z": UTC.
std::string day_text(std::int64_t seconds);
std::string minute_text(std::int64_t seconds);
std::string instant_text(std::int64_t seconds);

}  // namespace podium::server
