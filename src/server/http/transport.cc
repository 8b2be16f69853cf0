#include "server/http/transport.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace podium::server {

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<Moved> handshake() override { co_return Moved{}; }

  asio::awaitable<Moved> read_some(asio::mutable_buffer buffer) override {
    const auto [error, bytes] = co_await socket_.async_read_some(buffer, kTuple);
    co_return Moved{error, bytes};
  }

  asio::awaitable<Moved> write(std::array<asio::const_buffer, 2> buffers) override {
    const auto [error, bytes] = co_await asio::async_write(socket_, buffers, kTuple);
    co_return Moved{error, bytes};
  }

  Socket& socket() override { return socket_; }
  bool may_be_half_closed() const override { return true; }

 private:
  Socket socket_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(Socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}

  asio::awaitable<Moved> handshake() override {
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kTuple);
    co_return Moved{error, 0};
  }

  asio::awaitable<Moved> read_some(asio::mutable_buffer buffer) override {
    const auto [error, bytes] = co_await stream_.async_read_some(buffer, kTuple);
    co_return Moved{error, bytes};
  }

  asio::awaitable<Moved> write(std::array<asio::const_buffer, 2> buffers) override {
    const auto [error, bytes] = co_await asio::async_write(stream_, buffers, kTuple);
    co_return Moved{error, bytes};
  }

  Socket& socket() override { return stream_.next_layer(); }
  bool may_be_half_closed() const override { return false; }

 private:
  asio::ssl::stream<Socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> tls_transport(Socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace podium::server
