// HTTP messages as plain data: what a dialect reads and writes. Only src/server/http knows the
// library that carries them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podium::server {

using Header = std::pair<std::string, std::string>;  // name, value

// Whether two names are the same but for case, as header names are.
bool same_name(std::string_view a, std::string_view b);

// "Not Found" for 404.
std::string_view reason_phrase(int status);

struct HttpRequest {
  std::string method;           // upper case, e.g. "POST"
  std::string path;             // percent-decoded, without the query, e.g. "/v1/rerank"
  std::string query;            // after the '?', as sent
  std::vector<Header> headers;  // in the order sent, those of one name together
  std::string body;             // whole and decompressed
  std::string peer;             // the client's address and port, for logs

  // The value of a header by its name in any case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers;
  std::string body;
};

}  // namespace podium::server
