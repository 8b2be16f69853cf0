#include "server/http/post.h"

#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "base/error.h"

namespace podium::server {

namespace asio = boost::asio;

namespace {

using Tcp = asio::ip::tcp;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMostHead = std::size_t{16} << 10;

struct Outcome {
  boost::system::error_code error = asio::error::timed_out;  // until there is another
  int status = 0;
};

std::string request_text(const Url& url, const std::vector<Header>& headers,
                         std::string_view body) {
  std::string text =
      fmt::format("POST {} HTTP/1.1\r\nHost: {}:{}\r\n", url.path, url.host, url.port);
  for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
  text += fmt::format("Content-Length: {}\r\nConnection: close\r\n\r\n", body.size());
  return text.append(body);
}

template <class Stream>
asio::awaitable<void> talk(Stream& stream, const std::string& request, Outcome& outcome) {
  const auto [unsent, sent] = co_await asio::async_write(stream, asio::buffer(request), kTuple);
  if (unsent) {
    outcome.error = unsent;
    co_return;
  }
  std::string head;
  const auto [error, size] = co_await asio::async_read_until(
      stream, asio::dynamic_buffer(head, kMostHead), std::string("\r\n"), kTuple);
  outcome.error = error;
  if (error) co_return;
  const std::string_view line = std::string_view(head).substr(0, size);
  const std::size_t space = line.find(' ');
  if (!line.starts_with("HTTP/1.") || space == std::string_view::npos) co_return;
  const char* digits = line.data() + space + 1;
  std::from_chars(digits, line.data() + line.size(), outcome.status);
}

asio::awaitable<void> exchange(asio::io_context& io, const Url& url, const std::string& request,
                               Outcome& outcome) {
  Tcp::resolver resolver(io);
  const auto [unknown, places] = co_await resolver.async_resolve(url.host, url.port, kTuple);
  outcome.error = unknown;
  if (unknown) co_return;
  Tcp::socket socket(io);
  boost::system::error_code error = asio::error::host_not_found;
  for (const auto& place : places) {
    boost::system::error_code ignored;
    socket.close(ignored);
    const auto [refused] = co_await socket.async_connect(place.endpoint(), kTuple);
    error = refused;
    if (!error) break;
  }
  outcome.error = error;
  if (error) co_return;
  outcome.error = asio::error::timed_out;
  if (!url.tls) {
    co_await talk(socket, request, outcome);
    co_return;
  }
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_default_verify_paths(error);
  asio::ssl::stream<Tcp::socket> stream(std::move(socket), context);
  stream.set_verify_mode(asio::ssl::verify_peer, error);
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host), error);
  ::SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  const auto [untrusted] = co_await stream.async_handshake(asio::ssl::stream_base::client, kTuple);
  outcome.error = untrusted;
  if (untrusted) co_return;
  outcome.error = asio::error::timed_out;
  co_await talk(stream, request, outcome);
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  url.tls = text.starts_with("https://");
  const std::size_t scheme = url.tls ? 8 : 7;
  std::string_view place = text.substr(std::min(scheme, text.size()));
  const std::size_t slash = std::min(place.find('/'), place.size());
  url.path = slash == place.size() ? "/" : place.substr(slash);
  place = place.substr(0, slash);
  const std::size_t bracket = place.starts_with('[') ? place.find(']') : 0;
  const std::size_t colon = place.find(':', std::min(bracket, place.size()));
  url.port = colon == std::string_view::npos ? (url.tls ? "443" : "80") : place.substr(colon + 1);
  url.host = place.substr(0, colon);
  if (bracket > 0 && bracket < place.size()) url.host = place.substr(1, bracket - 1);
  const auto is_plain = [](std::string_view part) {
    return !part.empty() && part.find_first_of(" \t\r\n@") == std::string_view::npos;
  };
  const bool is_port = url.port.find_first_not_of("0123456789") == std::string::npos;
  if ((!url.tls && !text.starts_with("http://")) || !is_plain(url.host) || !is_plain(url.port) ||
      !is_port || !is_plain(url.path)) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no http or https URL", text),
                "Write http://HOST:PORT.");
  }
  return url;
}

Result<int> post(const Url& url, const std::vector<Header>& headers, std::string_view body,
                 std::chrono::milliseconds timeout) {
  asio::io_context io(1);
  Outcome outcome;
  const std::string request = request_text(url, headers, body);
  asio::co_spawn(io, exchange(io, url, request, outcome), asio::detached);
  io.run_for(timeout);
  if (outcome.error || outcome.status == 0) {
    return fail(ErrorCode::io,
                fmt::format("{}:{} did not answer: {}", url.host, url.port,
                            outcome.error ? outcome.error.message() : "it does not speak HTTP"));
  }
  return outcome.status;
}

}  // namespace podium::server
