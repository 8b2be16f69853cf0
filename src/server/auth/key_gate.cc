#include "server/auth/key_gate.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "server/auth/key_store.h"
#include "server/auth/rate_limit.h"

namespace podium::server {

namespace {

using Time = std::chrono::steady_clock::time_point;

// A key and what it is using now.
struct Account {
  Key key;
  TokenBucket requests;
  TokenBucket tokens;
  std::int64_t in_flight = 0;
};

GateRefusal refusal(int status, ErrorCode code, std::string message, std::string hint,
                    std::vector<Header> headers = {}) {
  return {status, Error{code, std::move(message), std::move(hint)}, std::move(headers)};
}

constexpr std::string_view kHowToSend =
    "Send it as 'Authorization: Bearer KEY' or as 'X-Api-Key: KEY'; podium keys add makes one.";

// Every key that a request carries, in the headers of all dialects.
std::vector<std::string_view> credentials(const HttpRequest& request) {
  std::vector<std::string_view> found;
  for (const std::string_view name : {"Authorization", "Api-Key", "X-Api-Key"}) {
    std::string_view value = request.header(name);
    constexpr std::string_view kBearer = "bearer ";
    const auto same = [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    if (name == "Authorization") {
      if (value.size() < kBearer.size()) continue;
      const std::string_view scheme = value.substr(0, kBearer.size());
      if (!std::ranges::equal(scheme, kBearer, same)) continue;
      value.remove_prefix(kBearer.size());
    }
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (!value.empty()) found.push_back(value);
  }
  return found;
}

class KeyGate : public Gate {
 public:
  KeyGate(std::string file, std::function<Time()> now)
      : file_(std::move(file)), now_(std::move(now)) {}

  ~KeyGate() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    if (checkpoints_.joinable()) checkpoints_.join();
  }

  // Reads what changed in the file since the last call.
  Result<void> refresh() {
    const std::lock_guard lock(mutex_);
    return refresh_locked();
  }

  bool has_keys() const override {
    const std::lock_guard lock(mutex_);
    return !accounts_.empty();
  }

  Gated<Identity> identify(const HttpRequest& head, Access access) override;
  Gated<Admission> admit(const Identity& identity, std::size_t estimated_tokens) override;
  void settle(const Admission& admission, std::size_t tokens) override;

 private:
  Result<void> open_locked();
  Result<void> refresh_locked();
  Account* account_of(std::string_view secret);
  void keep_log_short();

  const std::string file_;
  const std::function<Time()> now_;
  mutable std::mutex mutex_;          // of everything but the writer
  std::unique_ptr<KeyStore> reader_;  // null: there is no file yet
  std::int64_t revision_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Account>> accounts_;  // by id
  std::unordered_multimap<std::uint64_t, Account*> by_digest_;  // by the digest's first 8 bytes

  std::mutex writing_;
  std::unique_ptr<KeyStore> writer_;

  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread checkpoints_;
};

std::uint64_t first_bytes(const KeyDigest& digest) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, digest.data(), sizeof bytes);
  return bytes;
}

Result<void> KeyGate::open_locked() {
  PODIUM_TRY(KeyStore reader, KeyStore::open(file_, false));
  PODIUM_TRY(KeyStore writer, KeyStore::open(file_, false));
  // A commit that moves the log flushes the disk, which no request should wait for.
  PODIUM_CHECK(writer.checkpoint_only_when_asked());
  reader_ = std::make_unique<KeyStore>(std::move(reader));
  {
    const std::lock_guard lock(writing_);
    writer_ = std::make_unique<KeyStore>(std::move(writer));
  }
  checkpoints_ = std::thread([this] { keep_log_short(); });
  return {};
}

Result<void> KeyGate::refresh_locked() {
  if (!reader_) {
    std::error_code ignored;
    if (!std::filesystem::exists(file_, ignored)) return {};
    PODIUM_CHECK(open_locked());
  }
  if (!reader_) return {};
  PODIUM_TRY(const std::int64_t revision, reader_->revision());
  if (revision == revision_) return {};
  PODIUM_TRY(const std::vector<Key> keys, reader_->keys());
  const Time now = now_();
  by_digest_.clear();
  for (const Key& key : keys) {
    std::unique_ptr<Account>& account = accounts_[key.id];
    if (!account) account = std::make_unique<Account>();
    account->key = key;
    account->requests.set_limit(key.limits.requests_per_minute, now);
    account->tokens.set_limit(key.limits.tokens_per_minute, now);
    by_digest_.emplace(first_bytes(key.digest), account.get());
  }
  revision_ = revision;
  return {};
}

// The time it takes says only something of the digest's first bytes, which nobody without the
// file's salt can relate to a key.
Account* KeyGate::account_of(std::string_view secret) {
  if (!reader_) return nullptr;
  const KeyDigest digest = digest_key(secret, reader_->salt());
  Account* found = nullptr;
  const auto [begin, end] = by_digest_.equal_range(first_bytes(digest));
  for (auto at = begin; at != end; ++at) {
    if (equal(at->second->key.digest, digest)) found = at->second;
  }
  return found;
}

Gated<Identity> KeyGate::identify(const HttpRequest& head, Access access) {
  if (access == Access::open) return Identity{};
  const std::lock_guard lock(mutex_);
  if (const auto fresh = refresh_locked(); !fresh) {
    return tl::unexpected(refusal(503, ErrorCode::io, "the server cannot read its key file",
                                  "The operator finds the reason in the log."));
  }
  if (accounts_.empty()) return Identity{.client = {}, .admin = true};
  const auto sent = credentials(head);
  const Account* revoked = nullptr;
  for (const std::string_view secret : sent) {
    const Account* account = account_of(secret);
    if (account == nullptr) continue;
    if (account->key.revoked_at) {
      revoked = account;
      continue;
    }
    const bool admin = (account->key.scopes & kScopeAdmin) != 0;
    const bool may = access == Access::admin ? admin : (account->key.scopes & kScopeRerank) != 0;
    if (may) return Identity{.client = account->key.id, .admin = admin};
    return tl::unexpected(
        refusal(403, ErrorCode::invalid_argument,
                fmt::format("this key may not {}",
                            access == Access::admin ? "administer the server" : "rank documents"),
                "podium keys list shows what each key may do."));
  }
  std::string message = sent.empty()         ? "this server needs an API key"
                        : revoked != nullptr ? "this API key was revoked"
                                             : "this API key is not known here";
  const char* challenge =
      sent.empty() ? "Bearer realm=\"podium\"" : "Bearer realm=\"podium\", error=\"invalid_token\"";
  return tl::unexpected(refusal(401, ErrorCode::invalid_argument, std::move(message),
                                std::string(kHowToSend), {{"WWW-Authenticate", challenge}}));
}

Gated<Admission> KeyGate::admit(const Identity& identity, std::size_t estimated_tokens) {
  Admission admission{identity, estimated_tokens, {}};
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(identity.client);
  if (found == accounts_.end()) return admission;
  Account& account = *found->second;
  const Time now = now_();
  const auto tokens = static_cast<double>(estimated_tokens);
  const double requests_wait = account.requests.seconds_until(1, now);
  const double tokens_wait = account.tokens.seconds_until(tokens, now);
  const std::int64_t most = account.key.limits.concurrency;
  const bool crowded = most != 0 && account.in_flight >= most;
  if (requests_wait == 0 && tokens_wait == 0 && !crowded) {
    account.requests.take(1, now);
    account.tokens.take(tokens, now);
    ++account.in_flight;
    admission.headers = limit_headers(account.requests, account.tokens, 0, now);
    return admission;
  }
  constexpr double kCrowdedWait = 1;
  const double wait = std::max({requests_wait, tokens_wait, crowded ? kCrowdedWait : 0});
  std::string message =
      requests_wait > 0
          ? fmt::format("this key may send {} requests a minute", account.requests.limit())
      : tokens_wait > 0 ? fmt::format("this key may use {} tokens a minute", account.tokens.limit())
                        : fmt::format("this key may have {} requests in flight", most);
  std::vector<Header> headers = retry_headers(wait);
  std::ranges::move(limit_headers(account.requests, account.tokens, wait, now),
                    std::back_inserter(headers));
  return tl::unexpected(refusal(429, ErrorCode::invalid_argument, std::move(message),
                                fmt::format("Try again in {:.1f} s.", wait), std::move(headers)));
}

void KeyGate::settle(const Admission& admission, std::size_t tokens) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(admission.identity.client);
    if (found == accounts_.end()) return;
    Account& account = *found->second;
    account.in_flight = std::max<std::int64_t>(0, account.in_flight - 1);
    const double correction =
        static_cast<double>(tokens) - static_cast<double>(admission.estimated_tokens);
    account.tokens.take(correction, now_());
  }
  const std::lock_guard lock(writing_);
  // A full disk must not stop the answers: then usage is what is lost.
  if (writer_) {
    static_cast<void>(writer_->record(admission.identity.client, static_cast<std::int64_t>(tokens),
                                      now_seconds()));
  }
}

void KeyGate::keep_log_short() {
  constexpr std::chrono::seconds kEvery{2};
  auto own = KeyStore::open(file_, false);
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kEvery, [this] { return stopping_; })) {
    lock.unlock();
    if (own) static_cast<void>(own->checkpoint());
    lock.lock();
  }
}

}  // namespace

Result<std::unique_ptr<Gate>> key_gate(std::string file, std::function<Time()> now) {
  auto gate = std::make_unique<KeyGate>(std::move(file), std::move(now));
  PODIUM_CHECK(gate->refresh());
  return gate;
}

}  // namespace podium::server
