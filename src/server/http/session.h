// One connection: reads requests, hands them to the handler, writes the responses in order. Inside
// server/http only.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "server/http/server.h"
#include "server/http/transport.h"

namespace podium::server {

struct RequestParser;
class Session;

// What the sessions of one server have in common. Exchanges hold it too, so that a late answer
// finds an io_context to be dropped in.
struct Shared {
  HttpOptions options;
  HttpHandler handler;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<bool> draining{false};
  std::atomic<bool> stopped{false};
  asio::io_context io{1};
  std::unordered_set<Session*> sessions;  // of the I/O thread
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Shared> shared, std::unique_ptr<Transport> transport, std::string peer);
  ~Session();

  // The whole life of the connection.
  asio::awaitable<void> run();
  // One response of 503, for a connection above the limit.
  asio::awaitable<void> refuse_connection();

  // From the I/O thread: takes the answer to the current request.
  void finish(std::uint64_t exchange, HttpResponse response);
  // From the I/O thread, now and then: ends what has gone on for too long.
  void check_deadline(Clock::time_point now);
  // From the I/O thread: ends the connection between two requests, or at once.
  void close_idle();
  void abort();

 private:
  enum class Served { keep_alive, close };
  enum class Read { done, ended, refused };

  // False: no more bytes; then ended_ or timed_out_ says why.
  asio::awaitable<bool> fill();
  asio::awaitable<bool> write(std::string head, const std::string& body);
  asio::awaitable<Served> serve_one();
  asio::awaitable<Read> read_head();
  asio::awaitable<bool> read_body(RequestParser& parser, std::size_t& held);
  asio::awaitable<Served> answer(std::shared_ptr<Exchange> exchange, bool keep_alive, bool old);
  asio::awaitable<bool> wait_for_answer(bool old);
  asio::awaitable<bool> probe(bool old);
  asio::awaitable<void> refuse(int status, std::string message, std::string hint = {});
  asio::awaitable<void> respond(HttpResponse response, bool keep_alive, bool with_body);
  asio::awaitable<void> linger();
  bool is_complete_head();
  void expect_by(std::chrono::milliseconds timeout) { deadline_ = Clock::now() + timeout; }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Transport> transport_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  std::size_t searched_ = 0;  // of the buffer, for the end of the head
  std::size_t head_size_ = 0;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
  bool idle_ = false;     // between two requests
  bool waiting_ = false;  // for an answer, in an operation that may be cancelled
  bool ended_ = false;    // the client's bytes have ended
  asio::steady_timer wake_;
  std::uint64_t exchange_ = 0;  // counts requests; an answer to an earlier one is dropped
  std::optional<HttpResponse> answer_;
};

}  // namespace podium::server
