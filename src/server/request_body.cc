#include "server/request_body.h"

#include "base/error.h"
#include "server/api/kserve_binary.h"
#include "server/http/gzip.h"

namespace podium::server {

namespace {

// Whether a body of that type can be JSON. Clients that name no type, or the one that curl names by
// itself, mean JSON.
bool may_be_json(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find_first_of("; "));
  for (const std::string_view taken :
       {"", "application/json", "text/json", "text/plain", "application/octet-stream",
        "application/x-www-form-urlencoded", "application/jsonlines"}) {
    if (same_name(type, taken)) return true;
  }
  return type.ends_with("+json");
}

}  // namespace

std::optional<Denial> decompress(HttpRequest& request, std::size_t most) {
  const std::string_view coding = request.header("Content-Encoding");
  if (coding.empty() || same_name(coding, "identity")) return std::nullopt;
  if (!same_name(coding, "gzip") && !same_name(coding, "x-gzip") && !same_name(coding, "deflate")) {
    return Denial{.fault = Fault::unsupported,
                  .error = {ErrorCode::unsupported,
                            fmt::format("a body compressed with {} is not read", coding),
                            "Use gzip, or send it as it is."},
                  .status = 415};
  }
  switch (gzip_decompress(request.body, most)) {
    case Inflate::done: return std::nullopt;
    case Inflate::broken:
      return Denial{Fault::not_json, {ErrorCode::malformed, "the body is not whole gzip data", {}}};
    case Inflate::too_large: break;
  }
  return Denial{Fault::too_large,
                {ErrorCode::invalid_argument, "the body is too long once it is decompressed",
                 "Send fewer documents at a time, or raise --max-body."}};
}

std::optional<Denial> unpack(HttpRequest& request) {
  const std::string_view length = request.header(kJsonLengthHeader);
  if (length.empty()) return std::nullopt;
  auto body = inline_tensors(request.body, length);
  if (!body) {
    BadRequest& wrong = body.error();
    return Denial{.fault = wrong.fault, .error = std::move(wrong.error)};
  }
  request.body = *std::move(body);
  return std::nullopt;
}

std::optional<Denial> check_body(const HttpRequest& request,
                                 const Result<json::Document>& document) {
  if (!may_be_json(request.header("Content-Type"))) {
    return Denial{
        .fault = Fault::unsupported,
        .error = {ErrorCode::unsupported,
                  fmt::format("a body of type {} is not read", request.header("Content-Type")),
                  "Send JSON with Content-Type: application/json."},
        .status = 415};
  }
  if (request.body.empty()) {
    return Denial{Fault::not_json,
                  {ErrorCode::malformed, "the body is empty", "Send the request as JSON."}};
  }
  if (!document) return Denial{Fault::not_json, document.error()};
  return std::nullopt;
}

}  // namespace podium::server
