// From the bytes of a request's body to JSON.
#pragma once

#include <optional>

#include "base/json.h"
#include "server/entry.h"

namespace podium::server {

// Undoes the body's Content-Encoding, up to `most` bytes; or says why not.
std::optional<Denial> decompress(HttpRequest& request, std::size_t most);

// Makes a body with binary tensors the JSON it stands for; or says why not.
std::optional<Denial> unpack(HttpRequest& request);

// Why the body is not taken: its type, or that it is no JSON.
std::optional<Denial> check_body(const HttpRequest& request,
                                 const Result<json::Document>& document);

}  // namespace podium::server
