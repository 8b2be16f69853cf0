// What becomes of a request's head between the socket and the handler.
#include <gmock/gmock.h>

#include "server/http/server.h"
#include "server/http_client.h"

namespace podium::server {
namespace {

using ::testing::HasSubstr;

// A server that answers with the path, the query, the headers and the body as it understood them.
class RequestHead : public ::testing::Test {
 protected:
  RequestHead() {
    HttpHandler handler;
    handler.request = [](const std::shared_ptr<Exchange>& exchange) {
      const HttpRequest& request = exchange->request;
      std::string text = request.method + " [" + request.path + "] [" + request.query + "]";
      for (const auto& [name, value] : request.headers) text += " " + name + "=" + value + ";";
      exchange->respond({.body = text + " {" + request.body + "}"});
    };
    handler.refuse = [](int status, const std::string& message, const std::string&) {
      return HttpResponse{.status = status, .body = message};
    };
    server = *HttpServer::listen({.port = 0, .max_body = 1000, .max_head = 2000, .max_headers = 20},
                                 std::move(handler));
    server->serve();
  }

  Received answer(std::string_view bytes) const {
    HttpClient client(server->port());
    client.send(bytes);
    client.send_no_more();
    return client.receive();
  }
  Received get(const std::string& target, const std::string& headers = "Host: x\r\n") const {
    return answer("GET " + target + " HTTP/1.1\r\n" + headers + "\r\n");
  }
  Received post(const std::string& headers, const std::string& body) const {
    return answer("POST / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body);
  }

  std::unique_ptr<HttpServer> server;
};

TEST_F(RequestHead, APathIsDecodedAndAQueryLeftAlone) {
  EXPECT_THAT(get("/v1/models/a%2Fb%20%C3%A9?q=%20x").body,
              HasSubstr("GET [/v1/models/a/b \xc3\xa9] [q=%20x]"));
  EXPECT_THAT(get("http://elsewhere/x?y").body, HasSubstr("[/x] [y]"));
  EXPECT_THAT(get("https://elsewhere").body, HasSubstr("[/] []"));
  EXPECT_THAT(answer("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").body, HasSubstr("[*]"));
  for (const auto* broken :
       {"/%", "/%2", "/%zz", "/%00", "/%0d%0a", "/%7f", "x", "*", "ftp://x/"}) {
    EXPECT_EQ(get(broken).status, 400) << broken;
  }
}

TEST_F(RequestHead, HeadersKeepTheirCaseAndThoseOfANameTheirOrder) {
  EXPECT_THAT(get("/", "Host: x\r\nX-B: 1\r\nx-a:2  \r\nX-B: 3\r\n").body,
              HasSubstr("Host=x; X-B=1; X-B=3; x-a=2;"));
}

TEST_F(RequestHead, AHostIsSaidOnce) {
  EXPECT_EQ(get("/", "").status, 400);
  EXPECT_EQ(get("/", "Host: a\r\nHost: b\r\n").status, 400);
  EXPECT_EQ(answer("GET / HTTP/1.0\r\n\r\n").status, 200);
}

TEST_F(RequestHead, HowLongABodyIsIsSaidOnceAndInOneWay) {
  EXPECT_THAT(post("Content-Length: 3\r\n", "abc").body, HasSubstr("{abc}"));
  EXPECT_THAT(post("Transfer-Encoding: CHUNKED\r\n", "1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n").body,
              HasSubstr("{abc}"));
  for (const auto* framing :
       {"Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\ncontent-length: 4\r\n",
        "Content-Length: +3\r\n", "Content-Length: 0x3\r\n", "Content-Length: 3, 3\r\n",
        "Content-Length: -3\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Content-Length : 3\r\n",
        "Content-Length: 3\r\n X: y\r\n", "Transfer-Encoding:\r\n\tchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: \x0b"
        "chunked\r\n"}) {
    const int status = post(framing, "abc").status;
    EXPECT_TRUE(status == 400 || status == 501) << framing << status;
  }
  EXPECT_EQ(answer("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
}

TEST_F(RequestHead, WhatIsTooMuchIsSaidSo) {
  EXPECT_EQ(post("Content-Length: 1001\r\n", std::string(1001, 'x')).status, 413);
  EXPECT_EQ(
      post("Transfer-Encoding: chunked\r\n", "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n")
          .status,
      413);
  EXPECT_EQ(get("/", "Host: x\r\nX: " + std::string(3000, 'y') + "\r\n").status, 431);
  EXPECT_EQ(get("/" + std::string(3000, 'y')).status, 431);
  std::string many = "Host: x\r\n";
  for (int i = 0; i < 20; ++i) many += "X: y\r\n";
  EXPECT_EQ(get("/", many).status, 431);
}

TEST_F(RequestHead, OnlyHttp1IsSpoken) {
  for (const auto* bytes :
       {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", "GET /\r\n\r\n",
        "\x16\x03\x01\x02", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n"}) {
    const int status = answer(bytes).status;
    EXPECT_TRUE(status == 400 || status == 505 || status == 0) << bytes << status;
  }
  EXPECT_EQ(get("/", "Host: x\r\nExpect: 200-ok\r\n").status, 417);
}

TEST_F(RequestHead, WhatFollowsARequestIsTheNextOne) {
  HttpClient client(server->port());
  client.send(
      "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: "
      "x\r\n\r\n");
  EXPECT_THAT(client.receive().body, HasSubstr("[/1]"));
  EXPECT_THAT(client.receive().body, HasSubstr("[/2]"));
  client.send("HEAD /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string last = client.receive_all();
  EXPECT_THAT(last, HasSubstr("HTTP/1.1 200"));
  EXPECT_TRUE(last.ends_with("\r\n\r\n")) << "no body after HEAD";
}

}  // namespace
}  // namespace podium::server
