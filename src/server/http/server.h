// The HTTP/1.1 server: sockets in, whole requests out to a handler, its responses back. Keep-alive,
// pipelining, chunked bodies, TLS, Unix sockets, limits and timeouts live behind this header, and
// so does the library that speaks the protocol. It knows nothing of ranking.
//
// One thread does all the input and output. The handler is called on it and must not block: it
// answers at once or hands the exchange to another thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "podium/result.h"
#include "server/http/message.h"

namespace podium::server {

using Clock = std::chrono::steady_clock;

// One request being answered. Any thread may use it; it outlives its connection.
class Exchange {
 public:
  HttpRequest request;
  Clock::time_point arrived;  // when the request was complete

  // Stop is requested when the client hangs up: what has not been computed need not be.
  virtual std::stop_token abandoned() const = 0;

  // The answer; exactly once. A hung-up client gets none.
  virtual void respond(HttpResponse response) = 0;

  virtual ~Exchange() = default;
};

// What the server asks of its owner. Both are called on the I/O thread.
struct HttpHandler {
  // Called when the head of a request is read and before its body is: an answer here (unknown path,
  // no key) spares the body. May be empty.
  std::function<std::optional<HttpResponse>(const HttpRequest& head)> head;
  std::function<void(std::shared_ptr<Exchange>)> request;
  // The body of a response that the server makes itself: a limit, a timeout, a broken request.
  std::function<HttpResponse(int status, const std::string& message, const std::string& hint)>
      refuse;
};

struct TlsFiles {
  std::string certificate;  // PEM chain
  std::string key;          // PEM
};

struct HttpOptions {
  std::string host = "127.0.0.1";  // an IP address, or "localhost"
  std::uint16_t port = 8080;       // 0: any free one
  std::string unix_socket;         // a path; then neither host nor port is listened on
  std::optional<TlsFiles> tls;

  std::size_t max_body = std::size_t{64} << 20;     // bytes of one body, decoded
  std::size_t max_bodies = std::size_t{512} << 20;  // bytes of all bodies held at once
  std::size_t max_head = std::size_t{32} << 10;     // bytes of request line and headers
  std::size_t max_headers = 100;                    // header lines
  std::size_t max_connections = 4096;               // open at once
  std::chrono::milliseconds head_timeout{10'000};   // from the first byte to the last header
  std::chrono::milliseconds body_timeout{30'000};   // plus a second per 64 KiB received
  std::chrono::milliseconds idle_timeout{75'000};   // between requests
  std::chrono::milliseconds write_timeout{30'000};  // plus a second per 64 KiB to send
};

class HttpServer {
 public:
  // Takes the address; clients can connect and wait. Errors: an address that cannot be had, TLS
  // files at fault.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpOptions& options,
                                                    HttpHandler handler);
  // Starts the I/O thread. Once.
  void serve();

  std::string address() const;  // "http://127.0.0.1:8080" or "unix:/run/podium.sock"
  std::uint16_t port() const;   // 0 for a Unix socket

  std::size_t connections() const;
  std::size_t in_flight() const;  // requests handed to the handler and not yet answered in full

  // Closes idle connections; from now on every response closes its connection. New connections are
  // taken still, so that probes are answered.
  void drain();

  // Stops listening, closes every connection and ends the I/O thread. Idempotent.
  void stop();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podium::server
