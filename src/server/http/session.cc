#include "server/http/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <ctime>

#include "server/http/request_head.h"

namespace podium::server {

namespace http = boost::beast::http;

namespace {

using namespace std::chrono_literals;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 65536;
constexpr std::size_t kIdleSize = 2048;        // of a connection that waits for a request
constexpr std::size_t kMostPipelined = 65536;  // bytes read ahead of the answer
constexpr auto kLinger = 5s;    // for a client that still sends what nobody will read
constexpr auto kGrace = 250ms;  // until a client that sends no more is asked if it is there
constexpr std::size_t kBytesPerSecond = std::size_t{64} << 10;  // that a slow client has at least

class LiveExchange final : public Exchange {
 public:
  LiveExchange(std::shared_ptr<Shared> shared, std::weak_ptr<Session> session, std::uint64_t number,
               std::size_t held)
      : shared_(std::move(shared)), session_(std::move(session)), number_(number), held_(held) {}
  ~LiveExchange() override { shared_->body_bytes -= held_; }
  LiveExchange(const LiveExchange&) = delete;
  LiveExchange& operator=(const LiveExchange&) = delete;

  std::stop_token abandoned() const override { return hung_up_.get_token(); }
  void hang_up() { hung_up_.request_stop(); }

  void respond(HttpResponse response) override {
    if (shared_->stopped) return;
    asio::dispatch(shared_->io,
                   [session = session_, number = number_, r = std::move(response)]() mutable {
                     if (const auto live = session.lock()) live->finish(number, std::move(r));
                   });
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::weak_ptr<Session> session_;
  std::uint64_t number_;
  std::size_t held_;
  std::stop_source hung_up_;
};

// A value on one line, whatever it was made of.
void append_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (const char c : value) head += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  head.append("\r\n");
}

std::string response_head(const HttpResponse& response, bool keep_alive) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", response.status,
                  reason_phrase(response.status), fmt::gmtime(std::time(nullptr)));
  if (!response.content_type.empty() && !response.body.empty()) {
    append_header(head, "Content-Type", response.content_type);
  }
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  if (response.status != 204) {
    append_header(head, "Content-Length", std::to_string(response.body.size()));
  }
  append_header(head, "Connection", keep_alive ? "keep-alive" : "close");
  return head.append("\r\n");
}

bool is_token_character(char c) {
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos ||
         (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::chrono::milliseconds time_for(std::size_t bytes) {
  return std::chrono::milliseconds(bytes * 1000 / kBytesPerSecond);
}

}  // namespace

Session::Session(std::shared_ptr<Shared> shared, std::unique_ptr<Transport> transport,
                 std::string peer)
    : shared_(std::move(shared)),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      wake_(shared_->io) {
  ++shared_->connections;
  shared_->sessions.insert(this);
}

Session::~Session() {
  --shared_->connections;
  shared_->sessions.erase(this);
}

void Session::check_deadline(Clock::time_point now) {
  if (now < deadline_) return;
  deadline_ = Clock::time_point::max();
  timed_out_ = true;
  boost::system::error_code ignored;
  transport_->socket().cancel(ignored);
}

void Session::close_idle() {
  if (idle_) abort();
}

void Session::abort() {
  boost::system::error_code ignored;
  transport_->socket().shutdown(Socket::shutdown_both, ignored);
  transport_->socket().close(ignored);
  wake_.cancel();
}

asio::awaitable<bool> Session::fill() {
  if (ended_ || timed_out_) co_return false;
  const std::size_t size = buffer_.size() == 0 && idle_ ? kIdleSize : kReadSize;
  const Moved moved = co_await transport_->read_some(buffer_.prepare(size));
  buffer_.commit(moved.bytes);
  if (moved.error && !timed_out_) ended_ = true;
  co_return !moved.error;
}

asio::awaitable<bool> Session::write(std::string head, const std::string& body) {
  timed_out_ = false;
  expect_by(shared_->options.write_timeout + time_for(body.size()));
  const Moved moved = co_await transport_->write({asio::buffer(head), asio::buffer(body)});
  deadline_ = Clock::time_point::max();
  if (moved.error) ended_ = true;
  co_return !moved.error;
}

asio::awaitable<void> Session::run() {
  expect_by(shared_->options.head_timeout);
  const Moved greeted = co_await transport_->handshake();
  if (greeted.error) co_return;
  while (co_await serve_one() == Served::keep_alive) {
    if (buffer_.size() == 0 && buffer_.capacity() > kIdleSize) buffer_.shrink_to_fit();
  }
  abort();
}

asio::awaitable<void> Session::refuse_connection() {
  expect_by(shared_->options.head_timeout);
  const Moved greeted = co_await transport_->handshake();
  if (greeted.error) co_return;
  co_await refuse(503, "the server has as many connections as it takes", "Try again in a second.");
}

// Whether the buffer holds a whole head, ended by an empty line.
bool Session::is_complete_head() {
  const std::string_view text(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  const std::size_t from = searched_ < 3 ? 0 : searched_ - 3;
  const std::size_t end = text.find("\r\n\r\n", from);
  searched_ = text.size();
  if (end == std::string_view::npos) return false;
  head_size_ = end + 4;
  return true;
}

asio::awaitable<Session::Read> Session::read_head() {
  searched_ = 0;
  timed_out_ = false;
  idle_ = true;
  expect_by(buffer_.size() == 0 ? shared_->options.idle_timeout : shared_->options.head_timeout);
  while (true) {
    // Empty lines before a request are left over from sloppy clients.
    while (searched_ == 0 && buffer_.size() >= 2 &&
           std::string_view(static_cast<const char*>(buffer_.data().data()), 2) == "\r\n") {
      buffer_.consume(2);
    }
    if (buffer_.size() > 0) {
      idle_ = false;
      const char first = *static_cast<const char*>(buffer_.data().data());
      if (!is_token_character(first) && first != '\r') {
        co_await refuse(400, "what was sent is not HTTP");
        co_return Read::refused;
      }
      if (is_complete_head()) break;
    }
    if (buffer_.size() > shared_->options.max_head) break;
    const bool was_empty = buffer_.size() == 0;
    if (!co_await fill()) {
      idle_ = false;
      if (buffer_.size() == 0 || !timed_out_) co_return Read::ended;
      co_await refuse(408, "the request took too long to arrive");
      co_return Read::refused;
    }
    if (was_empty) expect_by(shared_->options.head_timeout);
  }
  idle_ = false;
  if (head_size_ == 0 || head_size_ > shared_->options.max_head) {
    co_await refuse(431, "the headers are too long", "Send fewer or shorter headers.");
    co_return Read::refused;
  }
  co_return Read::done;
}

asio::awaitable<Session::Served> Session::serve_one() {
  head_size_ = 0;
  if (co_await read_head() != Read::done) co_return Served::close;
  const HttpOptions& options = shared_->options;
  const std::string_view raw(static_cast<const char*>(buffer_.data().data()), head_size_);
  if (has_folded_line(raw)) {
    co_await refuse(400, "a header is folded over two lines");
    co_return Served::close;
  }
  RequestParser parser;
  parser.header_limit(static_cast<std::uint32_t>(options.max_head + 1));
  parser.body_limit(options.max_body);
  boost::system::error_code error;
  buffer_.consume(parser.put(buffer_.data(), error));
  if (error && error != http::error::need_more) {
    const HeadError what = parser_error(error);
    co_await refuse(what.status, what.message, what.hint);
    co_return Served::close;
  }
  auto head = read_request_head(parser.get(), options.max_headers);
  if (!head) {
    co_await refuse(head.error().status, head.error().message, head.error().hint);
    co_return Served::close;
  }
  head->peer = peer_;
  const bool old = parser.get().version() < 11;
  const bool keep_alive = parser.get().keep_alive();
  const bool has_body = !parser.is_done();
  std::optional<HttpResponse> early;
  if (shared_->handler.head) early = shared_->handler.head(*head);
  if (early) {
    // With a body still to come the connection cannot be used again.
    co_await respond(*std::move(early), keep_alive && !has_body, head->method != "HEAD");
    if (!has_body && keep_alive && !ended_) co_return Served::keep_alive;
    co_await linger();
    co_return Served::close;
  }
  if (has_body && !old && buffer_.size() == 0 && !head->header("Expect").empty()) {
    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return Served::close;
  }
  std::size_t held = 0;
  const bool whole = co_await read_body(parser, held);
  auto exchange = std::make_shared<LiveExchange>(shared_, weak_from_this(), ++exchange_, held);
  if (!whole) co_return Served::close;
  exchange->request = *std::move(head);
  exchange->request.body = std::move(parser.get().body());
  exchange->arrived = Clock::now();
  co_return co_await answer(std::move(exchange), keep_alive, old);
}

// False: the connection is done with. `held` is what the body takes of the bytes for all bodies.
asio::awaitable<bool> Session::read_body(RequestParser& parser, std::size_t& held) {
  const Clock::time_point start = Clock::now();
  timed_out_ = false;
  while (!parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used = buffer_.size() == 0 ? 0 : parser.put(buffer_.data(), error);
    buffer_.consume(used);
    if (error && error != http::error::need_more) {
      const HeadError what = parser_error(error);
      co_await refuse(what.status, what.message, what.hint);
      co_return false;
    }
    const std::size_t size = parser.get().body().size();
    shared_->body_bytes += size - held;
    held = size;
    if (shared_->body_bytes > shared_->options.max_bodies) {
      co_await refuse(503, "the server holds as many request bodies as it takes",
                      "Try again in a second.");
      co_return false;
    }
    if (parser.is_done() || used > 0) continue;
    deadline_ = start + shared_->options.body_timeout + time_for(held);
    if (co_await fill()) continue;
    if (timed_out_) co_await refuse(408, "the body took too long to arrive");
    co_return false;
  }
  deadline_ = Clock::time_point::max();
  co_return true;
}

asio::awaitable<Session::Served> Session::answer(std::shared_ptr<Exchange> exchange,
                                                 bool keep_alive, bool old) {
  answer_.reset();
  deadline_ = Clock::time_point::max();
  ++shared_->in_flight;
  const bool with_body = exchange->request.method != "HEAD";
  const auto live = std::static_pointer_cast<LiveExchange>(exchange);
  exchange.reset();
  shared_->handler.request(live);
  const bool there = answer_ || co_await wait_for_answer(old);
  if (there) {
    keep_alive = keep_alive && !shared_->draining;
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): wait_for_answer() saw to it
    HttpResponse response = *std::move(answer_);
    answer_.reset();
    co_await respond(std::move(response), keep_alive, with_body);
  } else {
    live->hang_up();
  }
  --shared_->in_flight;
  co_return there&& keep_alive && (!ended_ || buffer_.size() > 0) ? Served::keep_alive
                                                                  : Served::close;
}

void Session::finish(std::uint64_t exchange, HttpResponse response) {
  if (exchange != exchange_ || answer_) return;
  answer_ = std::move(response);
  if (!waiting_) return;
  boost::system::error_code ignored;
  transport_->socket().cancel(ignored);
  wake_.cancel();
}

// True: there is an answer. False: nobody is there to read it. Reading on meanwhile is how a client
// that hangs up is noticed.
asio::awaitable<bool> Session::wait_for_answer(bool old) {
  while (!answer_) {
    if (!transport_->socket().is_open()) co_return false;
    if (ended_) {
      if (!co_await probe(old)) co_return answer_.has_value();
      continue;
    }
    waiting_ = true;
    if (buffer_.size() < kMostPipelined) {
      const Moved moved = co_await transport_->read_some(buffer_.prepare(kIdleSize));
      waiting_ = false;
      buffer_.commit(moved.bytes);
      if (!moved.error || moved.error == asio::error::operation_aborted) continue;
      if (moved.error != asio::error::eof || !transport_->may_be_half_closed()) {
        ended_ = true;
        co_return answer_.has_value();
      }
      ended_ = true;
    } else {
      wake_.expires_at(Clock::time_point::max());
      co_await wake_.async_wait(kTuple);
      waiting_ = false;
    }
  }
  co_return true;
}

// The client has sent its last byte. If it only half closed, it still reads, and an interim
// response does no harm; if it is gone, its system answers with a reset.
asio::awaitable<bool> Session::probe(bool old) {
  waiting_ = true;
  wake_.expires_after(kGrace);
  co_await wake_.async_wait(kTuple);
  waiting_ = false;
  if (answer_) co_return true;
  if (!old) {
    const Moved moved = co_await transport_->write(
        {asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), asio::const_buffer()});
    if (moved.error) co_return false;
  }
  if (answer_) co_return true;
  waiting_ = true;
  const auto [error] = co_await transport_->socket().async_wait(Socket::wait_error, kTuple);
  waiting_ = false;
  co_return answer_.has_value() || error == asio::error::operation_aborted;
}

asio::awaitable<void> Session::refuse(int status, std::string message, std::string hint) {
  HttpResponse response = shared_->handler.refuse(status, message, hint);
  co_await respond(std::move(response), false, true);
  co_await linger();
}

asio::awaitable<void> Session::respond(HttpResponse response, bool keep_alive, bool with_body) {
  std::string head = response_head(response, keep_alive);
  if (!with_body) response.body.clear();
  co_await write(std::move(head), response.body);
}

// Unread bytes would reset the connection and take the response with it: they are dropped awhile.
asio::awaitable<void> Session::linger() {
  if (ended_) co_return;
  boost::system::error_code ignored;
  if (transport_->may_be_half_closed()) {
    transport_->socket().shutdown(Socket::shutdown_send, ignored);
  }
  timed_out_ = false;
  expect_by(kLinger);
  buffer_.consume(buffer_.size());
  while (co_await fill()) buffer_.consume(buffer_.size());
}

}  // namespace podium::server
