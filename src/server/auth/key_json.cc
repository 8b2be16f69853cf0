#include "server/auth/key_json.h"

namespace podium::server {

namespace {

void write_time(json::Writer& writer, std::optional<std::int64_t> seconds) {
  if (seconds) {
    writer.value(instant_text(*seconds));
  } else {
    writer.null();
  }
}

// The members of a key, without the braces around them.
void write_members(json::Writer& writer, const Key& key) {
  writer.key("id").value(key.id).key("name").value(key.name).key("scopes").begin_array();
  if ((key.scopes & kScopeRerank) != 0) writer.value("rerank");
  if ((key.scopes & kScopeAdmin) != 0) writer.value("admin");
  writer.end_array().key("limits").begin_object();
  const auto limit = [&](std::string_view name, std::int64_t value) {
    writer.key(name);
    value == 0 ? writer.null() : writer.value(value);
  };
  limit("requests_per_minute", key.limits.requests_per_minute);
  limit("tokens_per_minute", key.limits.tokens_per_minute);
  limit("concurrency", key.limits.concurrency);
  writer.end_object().key("created_at");
  write_time(writer, key.created_at);
  writer.key("last_used_at");
  write_time(writer, key.last_used_at);
  writer.key("revoked_at");
  write_time(writer, key.revoked_at);
}

}  // namespace

void write_keys(json::Writer& writer, std::span<const Key> keys) {
  writer.begin_object().key("keys").begin_array();
  for (const Key& key : keys) {
    writer.begin_object();
    write_members(writer, key);
    writer.end_object();
  }
  writer.end_array().end_object();
}

void write_new_key(json::Writer& writer, const NewKey& made) {
  writer.begin_object().key("key").value(made.secret);
  write_members(writer, made.key);
  writer.end_object();
}

void write_usage(json::Writer& writer, std::span<const UsageRow> rows) {
  writer.begin_object().key("usage").begin_array();
  for (const UsageRow& row : rows) {
    writer.begin_object().key("day").value(row.day).key("key_id").value(row.key_id);
    writer.key("name").value(row.name).key("requests").value(row.requests);
    writer.key("tokens").value(row.tokens).end_object();
  }
  writer.end_array().end_object();
}

}  // namespace podium::server
