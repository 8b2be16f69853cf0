// The pages for people, inside the program: the page to try a ranking, and the reference.
#include <cstddef>

#include "server/endpoints.h"

// The assembler copies each file into read-only data.
#define PODIUM_EMBED(symbol, file)                                              \
  asm(".pushsection .rodata, \"a\"\n" #symbol                                   \
      "_begin:\n"                                                               \
      ".incbin \"" PODIUM_PAGES_DIR "/" file "\"\n" #symbol                     \
      "_end:\n"                                                                 \
      ".byte 0\n"                                                               \
      ".popsection\n");                                                         \
  extern "C" __attribute__((visibility("hidden"))) const char symbol##_begin[]; \
  extern "C" __attribute__((visibility("hidden"))) const char symbol##_end[]

PODIUM_EMBED(podium_page_html, "index.html");
PODIUM_EMBED(podium_page_css, "page.css");
PODIUM_EMBED(podium_page_js, "page.js");
PODIUM_EMBED(podium_docs_html, "docs.html");
PODIUM_EMBED(podium_docs_js, "docs.js");

namespace podium::server {

namespace {

// A page may load and ask this server alone, and no other site may frame it.
HttpResponse page(const char* content_type, const char* begin, const char* end) {
  return {.content_type = content_type,
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                       "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"Cache-Control", "no-cache"}},
          .body = std::string(begin, end)};
}

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kScript = "text/javascript; charset=utf-8";

}  // namespace

HttpResponse get_page(const EndpointCall&) {
  return page(kHtml, podium_page_html_begin, podium_page_html_end);
}

HttpResponse get_page_style(const EndpointCall&) {
  return page("text/css; charset=utf-8", podium_page_css_begin, podium_page_css_end);
}

HttpResponse get_page_script(const EndpointCall&) {
  return page(kScript, podium_page_js_begin, podium_page_js_end);
}

HttpResponse get_docs(const EndpointCall&) {
  return page(kHtml, podium_docs_html_begin, podium_docs_html_end);
}

HttpResponse get_docs_script(const EndpointCall&) {
  return page(kScript, podium_docs_js_begin, podium_docs_js_end);
}

}  // namespace podium::server
