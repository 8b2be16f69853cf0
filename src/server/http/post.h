// A small HTTP/1.1 client: one POST, its status back. For what the server reports to a collector
// that its operator named; nothing in a request makes the server call anywhere.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "podium/result.h"
#include "server/http/message.h"

namespace podium::server {

struct Url {
  bool tls = false;
  std::string host;
  std::string port;
  std::string path;  // begins with '/'
};

// http://HOST[:PORT][/PATH] or https://…; IPv6 in brackets. Errors: anything else.
Result<Url> parse_url(std::string_view text);

// Blocks until there is an answer or the time is over. The certificate of an https server is
// checked against the system's authorities. Errors: no connection, no answer that is HTTP.
Result<int> post(const Url& url, const std::vector<Header>& headers, std::string_view body,
                 std::chrono::milliseconds timeout);

}  // namespace podium::server
