#include "download/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "podium/podium.h"

namespace podium::download {

namespace {

constexpr int kMostRedirects = 10;
constexpr long kConnectSeconds = 20;
constexpr std::size_t kMostBody = std::size_t{16} << 20U;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool is_redirect(const HttpReply& reply) {
  return reply.status >= 300 && reply.status < 400 && !reply.redirect.empty();
}

// What goes on while a reply comes in.
struct Exchange {
  HttpReply reply;
  const Sink* sink = nullptr;
  std::optional<Error> failed;  // in the sink
};

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& reply = static_cast<Exchange*>(context)->reply;
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) reply.headers.clear();  // of a proxy, or of an interim reply
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  line.remove_prefix(colon + 1);
  const auto begin = line.find_first_not_of(" \t");
  const auto end = line.find_last_not_of(" \t\r\n");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return size;
  reply.headers[std::move(name)] = line.substr(begin, end - begin + 1);
  return size;
}

struct BodyContext {
  Exchange* exchange;
  CURL* handle;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
  const auto& [exchange, handle] = *static_cast<BodyContext*>(context);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &exchange->reply.status);
  const long status = exchange->reply.status;
  if (exchange->sink != nullptr && *exchange->sink && (status == 200 || status == 206)) {
    auto taken = (*exchange->sink)(exchange->reply, std::string_view(data, size));
    if (taken) return size;
    exchange->failed = std::move(taken).error();
    return 0;
  }
  if (exchange->reply.body.size() + size > kMostBody) {
    exchange->failed = Error{ErrorCode::malformed, "the server's answer is longer than 16 MiB", {}};
    return 0;
  }
  exchange->reply.body.append(data, size);
  return size;
}

tl::unexpected<Error> transport_error(CURLcode code, const std::string& url, const char* detail) {
  const std::string host = origin_of(url);
  const std::string why = *detail == '\0' ? curl_easy_strerror(code) : detail;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return fail(ErrorCode::not_found, fmt::format("cannot find {}: {}", host, why),
                  "Check the network, HF_ENDPOINT, and HTTPS_PROXY if there is a proxy.");
    case CURLE_COULDNT_CONNECT:
      return fail(ErrorCode::io, fmt::format("cannot connect to {}: {}", host, why),
                  "Check the network, HF_ENDPOINT, and HTTPS_PROXY if there is a proxy.");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} shows no certificate that is trusted here: {}", host, why),
                  "Name the authority's certificate in SSL_CERT_FILE.");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return fail(ErrorCode::malformed, fmt::format("\"{}\" is no address of http or https", url),
                  "HF_ENDPOINT is an address such as https://HOST.");
    case CURLE_OPERATION_TIMEDOUT:
      return fail(ErrorCode::deadline_exceeded, fmt::format("{} stopped answering", host),
                  "What was downloaded is kept; the same command goes on from there.");
    default:
      return fail(ErrorCode::io, fmt::format("the connection to {} broke: {}", host, why),
                  "What was downloaded is kept; the same command goes on from there.");
  }
}

}  // namespace

struct HttpClient::Connection {
  CURL* handle = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail{};
};

void HttpClient::Close::operator()(Connection* connection) const {
  curl_easy_cleanup(connection->handle);
  delete connection;
}

std::string_view HttpReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

std::string origin_of(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return {};
  return fmt::format("{}://{}:{}", scheme, part_of(parsed.get(), CURLUPART_HOST),
                     part_of(parsed.get(), CURLUPART_PORT));
}

Result<HttpClient> HttpClient::open(Settings settings) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  HttpClient client;
  client.connection_.reset(new Connection);
  client.connection_->handle = curl_easy_init();
  if (started != CURLE_OK || client.connection_->handle == nullptr) {
    return fail(ErrorCode::internal, "libcurl cannot be started");
  }
  if (origin_of(settings.endpoint).empty()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("\"{}\" is no address of http or https", settings.endpoint),
                "HF_ENDPOINT is an address such as https://HOST.");
  }
  client.settings_ = std::move(settings);
  return client;
}

Result<HttpReply> HttpClient::exchange(const std::string& url, std::uint64_t first,
                                       const Sink* sink, bool head_only) {
  CURL* handle = connection_->handle;
  curl_easy_reset(handle);  // keeps open connections
  connection_->detail.fill('\0');
  Exchange exchange{.sink = sink};
  BodyContext body{&exchange, handle};
  // Lengths and checksums are those of the file itself, so it must come as it is.
  HeaderList headers(curl_slist_append(nullptr, "Accept-Encoding: identity"));
  if (!settings_.token.empty() && origin_of(url) == origin_of(settings_.endpoint)) {
    const std::string line = "Authorization: Bearer " + settings_.token;
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }
  const auto set = [handle](CURLoption option, auto value) {
    curl_easy_setopt(handle, option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_USERAGENT, "podium/" PODIUM_VERSION);
  set(CURLOPT_NOBODY, head_only ? 1L : 0L);
  if (first > 0) set(CURLOPT_RANGE, fmt::format("{}-", first).c_str());
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings_.patience.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, connection_->detail.data());
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &body);
  if (const char* certificates = std::getenv("SSL_CERT_FILE")) set(CURLOPT_CAINFO, certificates);
  const CURLcode code = curl_easy_perform(handle);
  if (exchange.failed) return tl::unexpected(*std::move(exchange.failed));
  if (code != CURLE_OK) return transport_error(code, url, connection_->detail.data());
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &exchange.reply.status);
  char* redirect = nullptr;
  curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) exchange.reply.redirect = redirect;
  return std::move(exchange.reply);
}

Result<HttpReply> HttpClient::follow(const std::string& url, std::uint64_t first, const Sink* sink,
                                     bool head_only) {
  std::string at = url;
  for (int i = 0; i <= kMostRedirects; ++i) {
    PODIUM_TRY(HttpReply reply, exchange(at, first, sink, head_only));
    const bool leaves = origin_of(reply.redirect) != origin_of(settings_.endpoint);
    if (head_only && leaves && !reply.header("x-linked-etag").empty()) return reply;
    if (!is_redirect(reply)) return reply;
    if (at.starts_with("https:") && !reply.redirect.starts_with("https:")) {
      return fail(ErrorCode::malformed,
                  fmt::format("{} redirects to an address without encryption", origin_of(at)));
    }
    at = reply.redirect;
  }
  return fail(ErrorCode::malformed, fmt::format("{} redirects without end", url));
}

Result<HttpReply> HttpClient::head(const std::string& url) { return follow(url, 0, nullptr, true); }

Result<HttpReply> HttpClient::get(const std::string& url, std::uint64_t first, const Sink& sink) {
  return follow(url, first, &sink, false);
}

}  // namespace podium::download
