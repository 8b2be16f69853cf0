// What a request may look like beyond the grammar that Beast checks: nothing that two programs in a
// row could read in two ways (request smuggling), nothing unbounded. Inside server/http only.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string_view>

#include "podium/result.h"
#include "server/http/message.h"

namespace podium::server {

struct RequestParser : boost::beast::http::request_parser<boost::beast::http::string_body> {};

struct HeadError {
  int status = 400;
  std::string message;
  std::string hint;
};

// Whether a line of the head is a continuation of the one before, which Beast would join.
bool has_folded_line(std::string_view head);

// The head as plain data, without the body; or why it is refused.
tl::expected<HttpRequest, HeadError> read_request_head(
    const boost::beast::http::request<boost::beast::http::string_body>& message,
    std::size_t max_headers);

// What to say about an error of the parser.
HeadError parser_error(const boost::system::error_code& error);

}  // namespace podium::server
