#include "server/http/server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "base/error.h"
#include "server/http/session.h"

namespace podium::server {

namespace {

using namespace std::chrono_literals;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr auto kTick = 100ms;             // how often deadlines are looked at
constexpr std::size_t kBeyondLimit = 64;  // connections that are told that there are too many

Result<std::unique_ptr<asio::ssl::context>> load_tls(const TlsFiles& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  context->use_certificate_chain_file(files.certificate, error);
  if (error) {
    return fail(
        ErrorCode::io,
        fmt::format("cannot use the TLS certificate {}: {}", files.certificate, error.message()),
        "It is a PEM file with the server's certificate first, then the chain.");
  }
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) {
    return fail(ErrorCode::io,
                fmt::format("cannot use the TLS key {}: {}", files.key, error.message()),
                "It is the PEM file of the certificate's private key.");
  }
  return context;
}

// The file of a socket that no server listens on is in the way of the next one.
void remove_stale_socket(asio::io_context& io, const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  Local::socket probe(io);
  boost::system::error_code error;
  probe.connect(Local::endpoint(path), error);
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
}

template <class Protocol>
Result<typename Protocol::acceptor> listen_on(asio::io_context& io,
                                              const typename Protocol::endpoint& endpoint,
                                              const std::string& name) {
  typename Protocol::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if constexpr (std::is_same_v<Protocol, Tcp>) {
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::io, fmt::format("cannot listen on {}: {}", name, error.message()),
                error == asio::error::address_in_use
                    ? "Another program listens there; --port takes another one."
                    : "");
  }
  return acceptor;
}

}  // namespace

struct HttpServer::Impl {
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::unique_ptr<asio::ssl::context> tls;
  std::optional<Tcp::acceptor> tcp;
  std::optional<Local::acceptor> local;
  std::unique_ptr<asio::steady_timer> ticker;
  std::string address;
  std::uint16_t port = 0;
  std::uint64_t accepted = 0;  // connections so far
  std::thread thread;

  Result<void> listen();
  Result<void> listen_tcp();
  void open(Socket socket, std::string peer);
  template <class Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor);
  asio::awaitable<void> tick();
  void close_all();
};

Result<void> HttpServer::Impl::listen_tcp() {
  const HttpOptions& options = shared->options;
  boost::system::error_code error;
  const std::string ip = options.host == "localhost" ? "127.0.0.1" : options.host;
  const auto host = asio::ip::make_address(ip, error);
  if (error) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no IP address", options.host),
                "--host takes 127.0.0.1 for this machine only, 0.0.0.0 for every address it has.");
  }
  const auto bracketed = host.is_v6() ? fmt::format("[{}]", ip) : options.host;
  PODIUM_TRY(tcp, listen_on<Tcp>(shared->io, Tcp::endpoint(host, options.port),
                                 fmt::format("{}:{}", bracketed, options.port)));
  port = tcp->local_endpoint(error).port();
  address = fmt::format("{}://{}:{}", options.tls ? "https" : "http", bracketed, port);
  return {};
}

Result<void> HttpServer::Impl::listen() {
  const HttpOptions& options = shared->options;
  if (options.tls) {
    PODIUM_TRY(tls, load_tls(*options.tls));
  }
  if (options.unix_socket.empty()) return listen_tcp();
  if (options.unix_socket.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the socket path {} is too long", options.unix_socket),
                "The operating system takes 107 bytes.");
  }
  remove_stale_socket(shared->io, options.unix_socket);
  PODIUM_TRY(local, listen_on<Local>(shared->io, Local::endpoint(options.unix_socket),
                                     options.unix_socket));
  address = "unix:" + options.unix_socket;
  return {};
}

void HttpServer::Impl::open(Socket socket, std::string peer) {
  const std::size_t limit = shared->options.max_connections;
  if (shared->connections >= limit + kBeyondLimit) return;  // closes the socket
  const bool refused = shared->connections >= limit;
  auto session = std::make_shared<Session>(
      shared, tls ? tls_transport(std::move(socket), *tls) : plain_transport(std::move(socket)),
      std::move(peer));
  Session& opened = *session;
  asio::co_spawn(shared->io, refused ? opened.refuse_connection() : opened.run(),
                 [session = std::move(session)](const std::exception_ptr&) {});
}

template <class Acceptor>
asio::awaitable<void> HttpServer::Impl::accept(Acceptor& acceptor) {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kTuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // most likely out of descriptors: let some connections end
      asio::steady_timer pause(shared->io, kTick);
      co_await pause.async_wait(kTuple);
      continue;
    }
    std::string peer = fmt::format("unix:{}", ++accepted);
    boost::system::error_code ignored;
    if constexpr (std::is_same_v<Acceptor, Tcp::acceptor>) {
      socket.set_option(Tcp::no_delay(true), ignored);
      const auto remote = socket.remote_endpoint(ignored);
      if (!ignored) peer = fmt::format("{}:{}", remote.address().to_string(), remote.port());
    }
    open(Socket(std::move(socket)), std::move(peer));
  }
}

asio::awaitable<void> HttpServer::Impl::tick() {
  while (!shared->stopped) {
    ticker->expires_after(kTick);
    co_await ticker->async_wait(kTuple);
    const auto now = Clock::now();
    for (Session* session : shared->sessions) session->check_deadline(now);
  }
}

void HttpServer::Impl::close_all() {
  boost::system::error_code ignored;
  if (tcp) tcp->close(ignored);
  if (local) {
    local->close(ignored);
    ::unlink(shared->options.unix_socket.c_str());
  }
  ticker->cancel();
  for (Session* session : shared->sessions) session->abort();
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const HttpOptions& options,
                                                       HttpHandler handler) {
  auto impl = std::make_unique<Impl>();
  impl->shared->options = options;
  impl->shared->handler = std::move(handler);
  PODIUM_CHECK(impl->listen());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::serve() {
  Impl& it = *impl_;
  it.ticker = std::make_unique<asio::steady_timer>(it.shared->io);
  asio::co_spawn(it.shared->io, it.tick(), asio::detached);
  if (it.tcp) asio::co_spawn(it.shared->io, it.accept(*it.tcp), asio::detached);
  if (it.local) asio::co_spawn(it.shared->io, it.accept(*it.local), asio::detached);
  it.thread = std::thread([shared = it.shared] { shared->io.run(); });
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
// NOLINTNEXTLINE(bugprone-exception-escape): out of memory alone, which ends the process anyway
HttpServer::~HttpServer() { stop(); }

std::string HttpServer::address() const { return impl_->address; }
std::uint16_t HttpServer::port() const { return impl_->port; }
std::size_t HttpServer::connections() const { return impl_->shared->connections; }
std::size_t HttpServer::in_flight() const { return impl_->shared->in_flight; }

void HttpServer::drain() {
  impl_->shared->draining = true;
  asio::post(impl_->shared->io, [shared = impl_->shared.get()] {
    for (Session* session : shared->sessions) session->close_idle();
  });
}

void HttpServer::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->shared->stopped = true;
  asio::post(impl_->shared->io, [impl = impl_.get()] { impl->close_all(); });
  impl_->thread.join();
}

}  // namespace podium::server
