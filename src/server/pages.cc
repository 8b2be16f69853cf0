// The page at / and the readable reference at /docs, inside the program. They are static: whatever
// they show comes from the API, behind the key.
#include <array>

#include "base/embedded_file.h"
#include "server/endpoints.h"

PODIUM_EMBED(podium_page_index, PODIUM_PAGES_DIR "/index.html");
PODIUM_EMBED(podium_page_docs, PODIUM_PAGES_DIR "/docs.html");
PODIUM_EMBED(podium_page_style, PODIUM_PAGES_DIR "/page.css");
PODIUM_EMBED(podium_page_script, PODIUM_PAGES_DIR "/page.js");
PODIUM_EMBED(podium_page_docs_script, PODIUM_PAGES_DIR "/docs.js");
PODIUM_EMBED(podium_page_documents, PODIUM_PAGES_DIR "/documents.js");
PODIUM_EMBED(podium_page_snippets, PODIUM_PAGES_DIR "/snippets.js");

namespace podium::server {

namespace {

struct File {
  std::string_view name;
  std::string_view type;
  const std::byte* begin;
  const std::byte* end;
};

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kScript = "text/javascript; charset=utf-8";

constexpr std::array kFiles = {
    File{"page.css", "text/css; charset=utf-8", podium_page_style_begin, podium_page_style_end},
    File{"page.js", kScript, podium_page_script_begin, podium_page_script_end},
    File{"docs.js", kScript, podium_page_docs_script_begin, podium_page_docs_script_end},
    File{"documents.js", kScript, podium_page_documents_begin, podium_page_documents_end},
    File{"snippets.js", kScript, podium_page_snippets_begin, podium_page_snippets_end},
};

HttpResponse serve(const File& file) {
  HttpResponse response{.content_type = std::string(file.type)};
  response.headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                       "'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}};
  response.body.assign(reinterpret_cast<const char*>(file.begin),
                       static_cast<std::size_t>(file.end - file.begin));
  return response;
}

}  // namespace

// Probes that know text-embeddings-inference ask here for health and want no page.
HttpResponse get_page(const EndpointCall& call) {
  const bool browser = call.request.header("Accept").find("text/html") != std::string_view::npos;
  if (!browser) return get_ping(call);
  return serve({"index.html", kHtml, podium_page_index_begin, podium_page_index_end});
}

HttpResponse get_docs(const EndpointCall&) {
  return serve({"docs.html", kHtml, podium_page_docs_begin, podium_page_docs_end});
}

HttpResponse get_page_file(const EndpointCall& call) {
  for (const File& file : kFiles) {
    if (file.name == call.segment) return serve(file);
  }
  return endpoint_error(404, {ErrorCode::not_found, "the page has no such file", ""},
                        call.request_id);
}

}  // namespace podium::server
