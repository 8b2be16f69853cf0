// Keys and usage as JSON, the same on the command line and over HTTP. Times are RFC 3339 in UTC.
#pragma once

#include <span>

#include "base/json.h"
#include "server/auth/key_store.h"

namespace podium::server {

void write_keys(json::Writer& writer, std::span<const Key> keys);
void write_new_key(json::Writer& writer, const NewKey& made);  // with the secret, as "key"
void write_usage(json::Writer& writer, std::span<const UsageRow> rows);

}  // namespace podium::server
