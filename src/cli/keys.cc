// podium keys: the API keys of a server, in the file that the server reads.
#include <fmt/format.h>

#include <array>
#include <iostream>

#include "base/json.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "cli/table.h"
#include "server/auth/key_json.h"
#include "server/auth/key_store.h"

namespace podium::cli {

namespace {

using server::Key;
using server::KeyLimits;
using server::KeyStore;

enum class Format { table, json };

// What the actions share: --file, --format, and the key or name in first place.
struct KeysRequest {
  std::string file = KeyStore::default_path();
  std::string key;
  Format format = Format::table;
  KeyLimits limits{-1, -1, -1};  // -1: not given
  std::string scopes = "rerank";
  bool from_stdin = false;
  std::int64_t days = 30;
};

constexpr const char* kNotes =
    "Changes hold from the next request of a running server on. The file is $PODIUM_KEYS,\n"
    "else keys.db in ~/.local/share/podium, unless --file names another.\n";

void add_common(Options& options, KeysRequest& request) {
  options.choice("-f,--format", request.format, {{"table", Format::table}, {"json", Format::json}},
                 "how to print (default: table)");
  options.add_option("--file", request.file, "key file")->type_name("PATH");
}

void add_limits(Options& options, KeyLimits& limits) {
  constexpr std::int64_t kNone = 0;
  options.number("--requests-per-minute", limits.requests_per_minute, kNone, "0 is no limit");
  options.number("--tokens-per-minute", limits.tokens_per_minute, kNone, "0 is no limit");
  options.number("--concurrency", limits.concurrency, kNone,
                 "requests in flight at once; 0 is no limit");
}

// The given limits, and for the rest those that hold already.
KeyLimits merged(const KeyLimits& given, const KeyLimits& held) {
  const auto choose = [](std::int64_t a, std::int64_t b) { return a < 0 ? b : a; };
  return {choose(given.requests_per_minute, held.requests_per_minute),
          choose(given.tokens_per_minute, held.tokens_per_minute),
          choose(given.concurrency, held.concurrency)};
}

std::string limit_text(std::int64_t limit) {
  return limit == 0 ? "–" : count_text(static_cast<std::uint64_t>(limit));
}

int print_keys(const std::vector<Key>& keys, Format format) {
  Output out;
  if (format == Format::json) {
    std::string text;
    json::Writer writer(text);
    server::write_keys(writer, keys);
    out << text << "\n";
    return out.finish();
  }
  if (keys.empty()) {
    out << "no keys; podium keys add NAME makes one\n";
    return out.finish();
  }
  Table table({{"id"},
               {"name", false, 32, "1"},
               {"may"},
               {"requests/min", true},
               {"tokens/min", true},
               {"concurrency", true},
               {"created"},
               {"last used"},
               {"state"}});
  for (const Key& key : keys) {
    table.add_row({key.id, key.name, server::scopes_text(key.scopes),
                   limit_text(key.limits.requests_per_minute),
                   limit_text(key.limits.tokens_per_minute), limit_text(key.limits.concurrency),
                   server::day_text(key.created_at),
                   key.last_used_at ? server::minute_text(*key.last_used_at) : "never",
                   key.revoked_at ? "revoked" : "active"});
  }
  out << table.render(standard_output());
  return out.finish();
}

Result<void> need_key(const KeysRequest& request, std::string_view action) {
  if (!request.key.empty()) return {};
  return fail(ErrorCode::invalid_argument, "which key is missing",
              fmt::format("podium keys {} web names a key.", action));
}

Result<int> run_add(const Command& self, std::span<const char* const> arguments) {
  KeysRequest request;
  Options options(
      self, std::string("The key is printed once; the file keeps only its digest.\n") + kNotes,
      "podium keys add web --requests-per-minute 600");
  options.add_option("NAME", request.key, "what will use the key");
  options
      .add_option("--scopes", request.scopes, "rerank, admin, or rerank,admin\n(default: rerank)")
      ->type_name("WORDS");
  add_limits(options, request.limits);
  options.add_flag("--stdin", request.from_stdin, "read the key from standard input");
  add_common(options, request);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_CHECK(need_key(request, "add"));
  PODIUM_TRY(const server::Scopes scopes, server::parse_scopes(request.scopes));
  std::string secret;
  if (request.from_stdin && !std::getline(std::cin, secret)) {
    return fail(ErrorCode::invalid_argument, "standard input has no key",
                "echo \"$KEY\" | podium keys add NAME --stdin");
  }
  PODIUM_TRY(KeyStore store, KeyStore::open(request.file));
  PODIUM_TRY(const server::NewKey made,
             store.add(request.key, scopes, merged(request.limits, {}), secret));
  Output out;
  if (request.format == Format::json) {
    std::string text;
    json::Writer writer(text);
    server::write_new_key(writer, made);
    out << text << "\n";
  } else {
    out << made.secret << "\n";
    fmt::print(stderr, "podium: key {} ({}) may {}; this is the only time it is shown\n",
               made.key.name, made.key.id, server::scopes_text(scopes));
  }
  return out.finish();
}

Result<int> run_list(const Command& self, std::span<const char* const> arguments) {
  KeysRequest request;
  Options options(self, kNotes, "podium keys list");
  add_common(options, request);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(KeyStore store, KeyStore::open(request.file));
  PODIUM_TRY(const auto keys, store.keys());
  return print_keys(keys, request.format);
}

Result<int> run_revoke(const Command& self, std::span<const char* const> arguments) {
  KeysRequest request;
  Options options(self, kNotes, "podium keys revoke web");
  options.add_option("KEY", request.key, "the key's name or id");
  add_common(options, request);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_CHECK(need_key(request, "revoke"));
  PODIUM_TRY(KeyStore store, KeyStore::open(request.file));
  PODIUM_TRY(const Key key, store.revoke(request.key));
  return print_keys({key}, request.format);
}

Result<int> run_limits(const Command& self, std::span<const char* const> arguments) {
  KeysRequest request;
  Options options(self,
                  std::string("What is not given stays; without any the key is shown.\n") + kNotes,
                  "podium keys limits web --tokens-per-minute 100000 --concurrency 8");
  options.add_option("KEY", request.key, "the key's name or id");
  add_limits(options, request.limits);
  add_common(options, request);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_CHECK(need_key(request, "limits"));
  PODIUM_TRY(KeyStore store, KeyStore::open(request.file));
  PODIUM_TRY(Key key, store.find(request.key));
  const KeyLimits& given = request.limits;
  if (std::max({given.requests_per_minute, given.tokens_per_minute, given.concurrency}) >= 0) {
    PODIUM_TRY(key, store.set_limits(request.key, merged(given, key.limits)));
  }
  return print_keys({key}, request.format);
}

Result<int> run_usage(const Command& self, std::span<const char* const> arguments) {
  KeysRequest request;
  Options options(self, std::string("Days are UTC.\n") + kNotes, "podium keys usage --days 7");
  options.add_option("KEY", request.key, "the key's name or id (default: all keys)");
  options.number<std::int64_t>("--days", request.days, 1, "how far back (default: 30)");
  add_common(options, request);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(KeyStore store, KeyStore::open(request.file));
  PODIUM_TRY(const auto rows, store.usage(request.key, request.days, server::now_seconds()));
  Output out;
  if (request.format == Format::json) {
    std::string text;
    json::Writer writer(text);
    server::write_usage(writer, rows);
    out << text << "\n";
    return out.finish();
  }
  Table table({{"day"}, {"key", false, 32, "1"}, {"requests", true}, {"tokens", true}});
  for (const server::UsageRow& row : rows) {
    table.add_row({row.day, row.name, count_text(static_cast<std::uint64_t>(row.requests)),
                   count_text(static_cast<std::uint64_t>(row.tokens))});
  }
  out << (rows.empty() ? "no usage yet\n" : table.render(standard_output()));
  return out.finish();
}

constexpr std::array kActions = {
    Command{"keys add", "Make an API key", run_add},
    Command{"keys list", "Show the API keys", run_list},
    Command{"keys revoke", "Refuse a key from now on", run_revoke},
    Command{"keys limits", "Show or change what a key may use", run_limits},
    Command{"keys usage", "Show what keys used, by day", run_usage},
};

std::string_view action_of(const Command& command) {
  return command.name.substr(command.name.find(' ') + 1);
}

std::string help_text(const Command& self) {
  std::string text = fmt::format("{}.\n\nusage: podium keys <action> [options]\n\n", self.summary);
  for (const Command& action : kActions) {
    text += fmt::format("  {:10}  {}\n", action_of(action), action.summary);
  }
  return text +
         "\n  -h, --help  print this help; podium keys <action> --help explains an action\n\n"
         "example:\n  podium keys add web\n";
}

}  // namespace

Result<int> run_keys(const Command& self, std::span<const char* const> arguments) {
  const std::string_view word = arguments.empty() ? "" : arguments.front();
  for (const Command& action : kActions) {
    if (action_of(action) == word) return action.run(action, arguments.subspan(1));
  }
  if (word == "-h" || word == "--help") {
    fmt::print("{}", help_text(self));
    return 0;
  }
  std::vector<std::string> names;
  names.reserve(std::size(kActions));
  for (const Command& action : kActions) names.emplace_back(action_of(action));
  const std::string close = nearest(word, names);
  return fail(ErrorCode::invalid_argument,
              word.empty() ? "podium keys needs an action" : fmt::format("unknown action {}", word),
              close.empty() || word.empty() ? "podium keys --help lists the actions."
                                            : fmt::format("Did you mean {}?", close));
}

}  // namespace podium::cli
