#include "server/auth/key_store.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace podium::server {

namespace {

constexpr std::int64_t kSchemaVersion = 1;
constexpr std::int64_t kSecondsADay = 86400;
constexpr std::size_t kLeastSecret = 20;
constexpr std::size_t kLongestName = 100;

constexpr const char* kSchema = R"sql(
CREATE TABLE settings (
  salt BLOB NOT NULL,
  revision INTEGER NOT NULL           -- counts changes of keys
) STRICT;
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE,        -- HMAC-SHA-256 of the key under settings.salt
  scopes TEXT NOT NULL,
  requests_per_minute INTEGER NOT NULL,
  tokens_per_minute INTEGER NOT NULL,
  concurrency INTEGER NOT NULL,
  created_at INTEGER NOT NULL,        -- seconds since 1970
  revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX key_names ON keys (name) WHERE revoked_at IS NULL;
CREATE TABLE usage (
  day TEXT NOT NULL,                  -- UTC
  key_id TEXT NOT NULL REFERENCES keys (id),
  requests INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (day, key_id)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";

constexpr const char* kNextRevision = "UPDATE settings SET revision = revision + 1";

constexpr std::string_view kRecord =
    "INSERT INTO usage VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT DO UPDATE SET requests = requests + "
    "1, "
    "tokens = tokens + ?3, last_at = ?4";

Key key_of_row(const Statement& row) {
  Key key;
  key.id = row.text(0);
  key.name = row.text(1);
  key.scopes = parse_scopes(row.text(2)).value_or(0);
  key.limits = {row.integer(3), row.integer(4), row.integer(5)};
  key.created_at = row.integer(6);
  if (!row.is_null(7)) key.revoked_at = row.integer(7);
  if (!row.is_null(8)) key.last_used_at = row.integer(8);
  const SqlBlob digest = row.blob(9);
  if (digest.size() == key.digest.size()) std::ranges::copy(digest, key.digest.begin());
  return key;
}

Result<void> check_name(std::string_view name) {
  const bool printable =
      std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= kLongestName && printable) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("a key's name is 1 to {} bytes of plain text", kLongestName),
              "Name who or what will use it, e.g. search-frontend.");
}

Result<void> check_limits(const KeyLimits& limits) {
  if (std::min({limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency}) >= 0) {
    return {};
  }
  return fail(ErrorCode::invalid_argument, "a limit is 0 (none) or more");
}

std::string time_text(std::int64_t seconds, const char* format) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace

std::string scopes_text(Scopes scopes) {
  std::string text;
  if ((scopes & kScopeRerank) != 0) text = "rerank";
  if ((scopes & kScopeAdmin) != 0) text += text.empty() ? "admin" : ",admin";
  return text;
}

Result<Scopes> parse_scopes(std::string_view text) {
  Scopes scopes = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (word != "rerank" && word != "admin") {
      return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no scope", word),
                  "A key's scopes are rerank, admin, or rerank,admin.");
    }
    scopes |= word == "rerank" ? kScopeRerank : kScopeAdmin;
    at = end + 1;
  }
  return scopes;
}

std::int64_t now_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::string day_text(std::int64_t seconds) { return time_text(seconds, "%Y-%m-%d"); }
std::string minute_text(std::int64_t seconds) { return time_text(seconds, "%Y-%m-%d %H:%M"); }

std::string instant_text(std::int64_t seconds) { return time_text(seconds, "%Y-%m-%dT%H:%M:%SZ"); }

std::string KeyStore::default_path() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? "" : value;
  };
  if (const std::string file = variable("PODIUM_KEYS"); !file.empty()) return file;
  if (const std::string data = variable("XDG_DATA_HOME"); !data.empty()) {
    return data + "/podium/keys.db";
  }
  return variable("HOME") + "/.local/share/podium/keys.db";
}

Result<KeyStore> KeyStore::open(const std::string& path, bool durable) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;  // opening the file says what is wrong
  if (!folder.empty() && std::filesystem::create_directories(folder, ignored)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
  }
  KeyStore store;
  PODIUM_TRY(store.database_, Database::open(path, durable));
  const auto prepare = [&] { return store.prepare_schema(); };
  PODIUM_CHECK(store.database_.transaction(prepare));
  PODIUM_TRY(store.record_, store.database_.prepare(kRecord));
  PODIUM_TRY(store.data_version_, store.database_.prepare("PRAGMA data_version"));
  return store;
}

Result<void> KeyStore::prepare_schema() {
  PODIUM_TRY(Statement version, database_.prepare("PRAGMA user_version"));
  PODIUM_CHECK(version.start());
  PODIUM_TRY(const bool has_version, version.next());
  const std::int64_t found = has_version ? version.integer(0) : 0;
  if (found > kSchemaVersion) {
    return fail(ErrorCode::unsupported,
                fmt::format("the key file has format {}, this podium knows up to {}", found,
                            kSchemaVersion),
                "It was written by a newer podium: use that one.");
  }
  if (found == 0) {
    PODIUM_CHECK(database_.run(kSchema));
    PODIUM_TRY(const KeySalt fresh, random_salt());
    PODIUM_TRY(Statement insert, database_.prepare("INSERT INTO settings VALUES (?1, 1)"));
    PODIUM_CHECK(insert.run({SqlBlob(fresh)}));
  }
  PODIUM_TRY(Statement settings, database_.prepare("SELECT salt FROM settings"));
  PODIUM_CHECK(settings.start());
  PODIUM_TRY(const bool has_salt, settings.next());
  if (!has_salt || settings.blob(0).size() != salt_.size()) {
    return fail(ErrorCode::malformed, "the key file has lost its salt",
                "Restore it from a backup, or name another file.");
  }
  std::ranges::copy(settings.blob(0), salt_.begin());
  return {};
}

Result<NewKey> KeyStore::add(std::string_view name, Scopes scopes, const KeyLimits& limits,
                             std::string_view secret) {
  PODIUM_CHECK(check_name(name));
  PODIUM_CHECK(check_limits(limits));
  if (!secret.empty() && secret.size() < kLeastSecret) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("a key has at least {} characters", kLeastSecret),
                "Leave the key out, and podium makes one.");
  }
  NewKey made;
  PODIUM_TRY(made.key.id, random_word(8));
  PODIUM_TRY(const std::string word, random_word(40));
  made.secret = secret.empty() ? fmt::format("podium_{}_{}", made.key.id, word) : secret;
  made.key.name = name;
  made.key.scopes = scopes;
  made.key.limits = limits;
  made.key.created_at = now_seconds();
  made.key.digest = digest_key(made.secret, salt_);
  const auto insert = [&]() -> Result<void> {
    PODIUM_TRY(const auto taken, read_keys("(name = ?1 AND revoked_at IS NULL) OR digest = ?2",
                                           {name, SqlBlob(made.key.digest)}));
    if (!taken.empty()) {
      return fail(ErrorCode::invalid_argument,
                  taken.front().name == name ? fmt::format("there is a key named {} already", name)
                                             : "that key is in the file already",
                  "podium keys list shows the keys.");
    }
    PODIUM_TRY(Statement row,
               database_.prepare("INSERT INTO keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)"));
    PODIUM_CHECK(row.run({made.key.id, name, SqlBlob(made.key.digest), scopes_text(scopes),
                          limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency,
                          made.key.created_at}));
    return database_.run(kNextRevision);
  };
  PODIUM_CHECK(database_.transaction(insert));
  return made;
}

Result<std::vector<Key>> KeyStore::read_keys(std::string_view where,
                                             std::initializer_list<SqlValue> values) {
  PODIUM_TRY(
      Statement rows,
      database_.prepare(fmt::format(
          "SELECT id, name, scopes, requests_per_minute, tokens_per_minute, concurrency, "
          "created_at, revoked_at, (SELECT max(last_at) FROM usage WHERE key_id = id), digest "
          "FROM keys WHERE {} ORDER BY created_at, rowid",
          where)));
  PODIUM_CHECK(rows.start(values));
  std::vector<Key> keys;
  while (true) {
    PODIUM_TRY(const bool more, rows.next());
    if (!more) return keys;
    keys.push_back(key_of_row(rows));
  }
}

Result<std::vector<Key>> KeyStore::keys() { return read_keys("true", {}); }

Result<Key> KeyStore::find(std::string_view key) {
  PODIUM_TRY(const auto found, read_keys("id = ?1 OR (name = ?1 AND revoked_at IS NULL)", {key}));
  if (!found.empty()) return found.front();
  return fail(ErrorCode::not_found, fmt::format("there is no key {}", key),
              "podium keys list shows the ids and names.");
}

Result<Key> KeyStore::change(std::string_view key, const std::function<void(Key&)>& edit) {
  Key changed;
  const auto update = [&]() -> Result<void> {
    PODIUM_TRY(changed, find(key));
    if (changed.revoked_at) {
      return fail(ErrorCode::invalid_argument, fmt::format("key {} is revoked", key),
                  "A revoked key stays revoked; podium keys add makes a new one.");
    }
    edit(changed);
    const SqlValue revoked_at = changed.revoked_at ? SqlValue(*changed.revoked_at) : nullptr;
    PODIUM_TRY(Statement row,
               database_.prepare("UPDATE keys SET requests_per_minute = ?2, tokens_per_minute = "
                                 "?3, concurrency = ?4, revoked_at = ?5 WHERE id = ?1"));
    PODIUM_CHECK(
        row.run({changed.id, changed.limits.requests_per_minute, changed.limits.tokens_per_minute,
                 changed.limits.concurrency, revoked_at}));
    return database_.run(kNextRevision);
  };
  PODIUM_CHECK(database_.transaction(update));
  return changed;
}

Result<Key> KeyStore::revoke(std::string_view key) {
  return change(key, [](Key& edited) { edited.revoked_at = now_seconds(); });
}

Result<Key> KeyStore::set_limits(std::string_view key, const KeyLimits& limits) {
  PODIUM_CHECK(check_limits(limits));
  return change(key, [&](Key& edited) { edited.limits = limits; });
}

Result<void> KeyStore::record(std::string_view id, std::int64_t tokens, std::int64_t now) {
  const std::string day = day_text(now);
  return record_.run({day, id, tokens, now});
}

Result<std::vector<UsageRow>> KeyStore::usage(std::string_view key, std::int64_t days,
                                              std::int64_t now) {
  std::string id;
  if (!key.empty()) {
    PODIUM_TRY(const Key found, find(key));
    id = found.id;
  }
  const std::string first = day_text(now - (days - 1) * kSecondsADay);
  PODIUM_TRY(Statement rows,
             database_.prepare("SELECT key_id, name, day, requests, tokens FROM usage "
                               "JOIN keys ON id = key_id WHERE day >= ?1 AND (?2 = '' OR id = ?2) "
                               "ORDER BY day DESC, created_at, keys.rowid"));
  PODIUM_CHECK(rows.start({first, id}));
  std::vector<UsageRow> usage;
  while (true) {
    PODIUM_TRY(const bool more, rows.next());
    if (!more) return usage;
    usage.push_back({rows.text(0), rows.text(1), rows.text(2), rows.integer(3), rows.integer(4)});
  }
}

Result<std::int64_t> KeyStore::revision() {
  PODIUM_CHECK(data_version_.start());
  PODIUM_TRY(const bool found, data_version_.next());
  const std::int64_t version = found ? data_version_.integer(0) : 0;
  PODIUM_TRY(const bool more, data_version_.next());
  if (more || version == seen_data_version_) return revision_;
  PODIUM_TRY(Statement settings, database_.prepare("SELECT revision FROM settings"));
  PODIUM_CHECK(settings.start());
  PODIUM_TRY(const bool there, settings.next());
  if (there) revision_ = settings.integer(0);
  seen_data_version_ = version;
  return revision_;
}

Result<void> KeyStore::checkpoint() { return database_.run("PRAGMA wal_checkpoint(PASSIVE)"); }

Result<void> KeyStore::checkpoint_only_when_asked() {
  return database_.run("PRAGMA wal_autocheckpoint = 0");
}

}  // namespace podium::server
