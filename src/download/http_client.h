// Reading from a web server (the libcurl door). Proxies come from HTTPS_PROXY and NO_PROXY, further
// certificates from SSL_CERT_FILE.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace podium::download {

struct HttpReply {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string redirect;                        // where a 3xx leads, absolute
  std::string body;                            // of what went to no sink; at most 16 MiB

  std::string_view header(const std::string& name) const;
};

// Takes the bytes of a 200 or 206, piece by piece; an error ends the exchange.
using Sink = std::function<Result<void>(const HttpReply& head, std::string_view bytes)>;

class HttpClient {
 public:
  struct Settings {
    std::string endpoint;               // the token goes to this scheme, host and port alone
    std::string token;                  // a bearer token, or nothing
    std::chrono::seconds patience{30};  // how long a server may say nothing
  };

  static Result<HttpClient> open(Settings settings);

  // The head of a file, without its bytes. Redirects are followed as long as they do not leave the
  // endpoint or the reply names no file.
  Result<HttpReply> head(const std::string& url);

  // Follows up to ten redirects, never from https to http. Bytes from `first` on are asked for;
  // whether the server kept to that its status says (206, not 200).
  // Errors: io where the connection broke and trying again may help, deadline_exceeded after
  // `patience`, not_found where there is no such server, malformed for a bad address.
  Result<HttpReply> get(const std::string& url, std::uint64_t first = 0, const Sink& sink = {});

 private:
  struct Connection;
  struct Close {
    void operator()(Connection* connection) const;
  };
  HttpClient() = default;
  Result<HttpReply> exchange(const std::string& url, std::uint64_t first, const Sink* sink,
                             bool head_only);
  Result<HttpReply> follow(const std::string& url, std::uint64_t first, const Sink* sink,
                           bool head_only);

  Settings settings_;
  std::unique_ptr<Connection, Close> connection_;
};

// "https://host:443" of an address; empty if it is not one of http or https.
std::string origin_of(const std::string& url);

}  // namespace podium::download
