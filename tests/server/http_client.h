// A connection to a server on this machine that sends and receives whatever a test wants.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace podium::server {

struct Received {
  int status = 0;  // 0: the connection ended without an answer
  std::string head;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(socket_, where, sizeof address), 0);
  }
  ~HttpClient() { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False: the server takes no more.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void send_no_more() const { ::shutdown(socket_, SHUT_WR); }

  // The next answer, as long as its Content-Length says; interim ones are left out.
  Received receive() {
    Received answer;
    do {
      while (buffer_.find("\r\n\r\n") == std::string::npos) {
        if (!fill()) return {};
      }
      answer.head = buffer_.substr(0, buffer_.find("\r\n\r\n") + 4);
      buffer_.erase(0, answer.head.size());
      answer.status = std::atoi(answer.head.c_str() + 9);
    } while (answer.status == 100);
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = answer.head.find(kLength);
    const std::size_t size =
        at == std::string::npos ? 0 : std::strtoul(&answer.head[at + kLength.size()], nullptr, 10);
    while (buffer_.size() < size) {
      if (!fill()) return {};
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

  // Everything until the server closes the connection.
  std::string receive_all() {
    while (fill()) continue;
    return std::exchange(buffer_, {});
  }

 private:
  bool fill() {
    char part[4096];
    const auto size = ::recv(socket_, part, sizeof part, 0);
    if (size <= 0) return false;
    buffer_.append(part, static_cast<std::size_t>(size));
    return true;
  }

  int socket_;
  std::string buffer_;
};

}  // namespace podium::server
