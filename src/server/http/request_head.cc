#include "server/http/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace podium::server {

namespace http = boost::beast::http;

namespace {

tl::unexpected<HeadError> bad(std::string message, std::string hint = {}, int status = 400) {
  return tl::unexpected(HeadError{status, std::move(message), std::move(hint)});
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing if a '%' has no two digits after it, or stands for a control character.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

// The path and query of a request target in origin form, absolute form or "*".
tl::expected<void, HeadError> read_target(std::string_view target, HttpRequest& request) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return {};
  }
  if (!target.starts_with('/')) return bad("the request target is no path");
  const std::size_t mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark));
  if (!path) return bad("the path has a broken percent escape");
  request.path = *std::move(path);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  return {};
}

// How long the body is must be said once and in one way.
tl::expected<void, HeadError> check_framing(const http::request<http::string_body>& message) {
  const auto lengths = message.count(http::field::content_length);
  const auto encodings = message.count(http::field::transfer_encoding);
  if (lengths > 1) return bad("there is more than one Content-Length");
  if (lengths == 1) {
    const auto value = view(message[http::field::content_length]);
    if (value.find_first_not_of("0123456789") != std::string_view::npos) {
      return bad("the Content-Length is no number");
    }
  }
  if (encodings == 0) return {};
  if (lengths > 0) return bad("there is both a Content-Length and a Transfer-Encoding");
  if (message.version() < 11) return bad("HTTP/1.0 has no Transfer-Encoding");
  if (encodings > 1 || !same_name(view(message[http::field::transfer_encoding]), "chunked")) {
    return bad("the Transfer-Encoding is not plain chunked",
               "Compress a body with Content-Encoding: gzip.", 501);
  }
  return {};
}

}  // namespace

bool has_folded_line(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos ||
         head.find("\r\n\t") != std::string_view::npos;
}

tl::expected<HttpRequest, HeadError> read_request_head(
    const http::request<http::string_body>& message, std::size_t max_headers) {
  HttpRequest request;
  request.method = view(message.method_string());
  if (auto target = read_target(view(message.target()), request); !target) {
    return tl::unexpected(std::move(target).error());
  }
  if (auto framing = check_framing(message); !framing) {
    return tl::unexpected(std::move(framing).error());
  }
  if (message.version() >= 11 && message.count(http::field::host) != 1) {
    return bad("an HTTP/1.1 request has exactly one Host header");
  }
  for (const auto& field : message) {
    request.headers.emplace_back(view(field.name_string()), view(field.value()));
  }
  if (request.headers.size() > max_headers) {
    return bad(
        fmt::format("there are {} headers, more than {}", request.headers.size(), max_headers), {},
        431);
  }
  const std::string_view expectation = request.header("Expect");
  if (!expectation.empty() && !same_name(expectation, "100-continue")) {
    return bad("the only expectation that can be met is 100-continue", {}, 417);
  }
  return request;
}

HeadError parser_error(const boost::system::error_code& error) {
  if (error == http::error::header_limit) {
    return {431, "the headers are too long", "Send fewer or shorter headers."};
  }
  if (error == http::error::body_limit) {
    return {413, "the body is longer than the server takes",
            "Send fewer documents at a time, or raise --max-body."};
  }
  if (error == http::error::bad_version) {
    return {505, "the request is not HTTP/1.1", "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  }
  return {400, fmt::format("the request is not valid HTTP: {}", error.message()), {}};
}

}  // namespace podium::server
