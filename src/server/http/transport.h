// A byte stream to one client, with or without TLS, over TCP or a Unix socket. Inside server/http
// only: nobody else sees Asio.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

namespace podium::server {

namespace asio = boost::asio;

using Socket = asio::generic::stream_protocol::socket;

// What an operation came to: bytes moved, or why it ended.
struct Moved {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual asio::awaitable<Moved> handshake() = 0;
  virtual asio::awaitable<Moved> read_some(asio::mutable_buffer buffer) = 0;
  virtual asio::awaitable<Moved> write(std::array<asio::const_buffer, 2> buffers) = 0;
  virtual Socket& socket() = 0;
  // Whether the end of the client's bytes may be a half-closed connection that still wants its
  // answer. Not so with TLS, where closing is said.
  virtual bool may_be_half_closed() const = 0;
};

std::unique_ptr<Transport> plain_transport(Socket socket);
std::unique_ptr<Transport> tls_transport(Socket socket, asio::ssl::context& context);

}  // namespace podium::server
