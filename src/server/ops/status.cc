// What operators and their tools ask: /health, /live, /ready, /ping, /metrics, /version, /status.
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "podium/podium.h"
#include "server/endpoints.h"
#include "server/server.h"

namespace podium::server {

namespace {

std::string_view phase_name(Server::Phase phase) {
  switch (phase) {
    case Server::Phase::loading: return "loading";
    case Server::Phase::ready: return "ok";
    case Server::Phase::draining: return "draining";
  }
  return "";
}

HttpResponse health(const Server& server, bool healthy) {
  HttpResponse response{.status = healthy ? 200 : 503};
  const auto model = const_cast<Server&>(server).models().find({});
  json::Writer out(response.body);
  out.begin_object().key("status").value(phase_name(server.phase()));
  out.key("ready").value(server.phase() == Server::Phase::ready);
  out.key("model");
  model != nullptr ? out.value(model->name()) : out.null();
  out.key("unix").value(static_cast<std::int64_t>(std::time(nullptr))).end_object();
  return response;
}

// Bytes of memory that the process has in use now.
double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code ignored;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", ignored), end; at != end;
       at.increment(ignored)) {
    ++count;
  }
  return count;
}

double rounded_ms(double seconds) { return std::round(seconds * 1e6) / 1e3; }

void write_models(json::Writer& out, Server& server) {
  out.key("models").begin_array();
  for (const auto& model : server.models().list()) {
    const ModelInfo& info = model->info();
    out.begin_object().key("name").value(model->name()).key("model").value(info.name);
    out.key("architecture").value(info.architecture).key("head").value(info.head);
    out.key("max_length").value(info.max_length).key("loaded").value(model->created());
    out.key("bytes").value(info.weight_bytes + info.tokenizer_bytes + info.workspace_bytes);
    out.end_object();
  }
  out.end_array();
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// The JSON as nested lists, for people.
void write_html(std::string& out, const json::Value& value) {
  if (value.is_object()) {
    out += "<dl>";
    value.for_each_member([&](std::string_view key, json::Value member) {
      out.append("<dt>").append(escape(key)).append("</dt><dd>");
      write_html(out, member);
      out += "</dd>";
      return true;
    });
    out += "</dl>";
  } else if (value.is_array()) {
    out += "<ol>";
    value.for_each_element([&](json::Value element) {
      out += "<li>";
      write_html(out, element);
      out += "</li>";
      return true;
    });
    out += "</ol>";
  } else {
    const auto text = value.as_string();
    out += escape(text ? std::string(*text) : value.to_text());
  }
}

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}"
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem;margin:.3rem 0}"
    "dt{opacity:.7}dd{margin:0;font-variant-numeric:tabular-nums}ol{padding-left:1.2rem;margin:0}";

HttpResponse as_html(const std::string& json_text) {
  HttpResponse response{.content_type = "text/html; charset=utf-8"};
  // The hash of the one style element would do as well; the page holds nothing that could style it.
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; "
                                "frame-ancestors 'none'");
  response.body = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>Podium status</title><style>{}</style>"
      "<h1>Podium status</h1>",
      kStyle);
  if (const auto document = json::Document::parse(json_text, "status")) {
    write_html(response.body, document->root());
  }
  return response;
}

}  // namespace

HttpResponse get_health(const EndpointCall& call) {
  return health(call.server, call.server.phase() != Server::Phase::loading);
}

HttpResponse get_ready(const EndpointCall& call) {
  return health(call.server, call.server.phase() == Server::Phase::ready);
}

HttpResponse get_live(const EndpointCall& call) { return health(call.server, true); }

HttpResponse get_ping(const EndpointCall& call) {
  return {.status = call.server.phase() == Server::Phase::loading ? 503 : 200};
}

HttpResponse get_version(const EndpointCall&) {
  HttpResponse response;
  json::Writer(response.body).begin_object().key("version").value(PODIUM_VERSION).end_object();
  return response;
}

HttpResponse get_metrics(const EndpointCall& call) {
  HttpResponse response{.content_type = "text/plain; version=0.0.4; charset=utf-8"};
  auto gauges = call.server.gauges();
  gauges.push_back({"process_resident_memory_bytes", "Memory in use.", resident_bytes()});
  gauges.push_back({"process_open_fds", "Open descriptors.", open_descriptors()});
  gauges.push_back({"podium_uptime_seconds", "Since the start.", call.server.uptime_seconds()});
  response.body = call.server.metrics().text(gauges);
  return response;
}

HttpResponse get_status(const EndpointCall& call) {
  HttpResponse response;
  json::Writer out(response.body);
  out.begin_object().key("status").value(phase_name(call.server.phase()));
  out.key("version").value(PODIUM_VERSION);
  out.key("uptime_seconds").value(std::round(call.server.uptime_seconds()));
  write_models(out, call.server);
  out.key("now").begin_object();
  for (const Gauge& gauge : call.server.gauges()) {
    if (gauge.name.starts_with("podium_")) out.key(gauge.name.substr(7)).value(gauge.value);
  }
  out.end_object();
  const Metrics::Latency latency = call.server.metrics().latency();
  out.key("requests_ranked").value(latency.requests);
  out.key("latency_ms").begin_object().key("p50").value(rounded_ms(latency.p50));
  out.key("p90").value(rounded_ms(latency.p90)).key("p99").value(rounded_ms(latency.p99));
  out.end_object().key("recent_errors").begin_array();
  for (const Server::PastError& error : call.server.past_errors()) {
    out.begin_object().key("time").value(error.time).key("status").value(error.status);
    out.key("path").value(error.path).key("request_id").value(error.request_id).end_object();
  }
  out.end_array().end_object();
  const bool html = call.request.header("Accept").find("text/html") != std::string_view::npos;
  return html ? as_html(response.body) : response;
}

}  // namespace podium::server
