#include "server/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "base/mapped_file.h"
#include "server/http/post.h"

namespace podium::server {

namespace {

using Values = std::vector<std::string>;

// The `What` of an error: "--port takes …".
Result<void> takes(std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("takes {}", what));
}

template <class T>
Result<void> set_number(T& target, std::string_view text, T least, T most) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number >= least && number <= most) {
    target = number;
    return {};
  }
  if (most == std::numeric_limits<T>::max()) {
    return takes(fmt::format("a whole number of {} or more, not '{}'", least, text));
  }
  return takes(fmt::format("a whole number from {} to {}, not '{}'", least, most, text));
}

// "64MB", "512K", "1000": powers of 1024.
Result<void> set_bytes(std::size_t& target, std::string_view text) {
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(stop - text.data()));
  constexpr std::array<std::pair<std::string_view, int>, 9> kUnits = {{{"", 0},
                                                                       {"B", 0},
                                                                       {"K", 10},
                                                                       {"KB", 10},
                                                                       {"M", 20},
                                                                       {"MB", 20},
                                                                       {"MiB", 20},
                                                                       {"G", 30},
                                                                       {"GB", 30}}};
  for (const auto& [name, shift] : kUnits) {
    if (unit != name || error != std::errc() || number == 0 || number > (1ULL << 33)) continue;
    target = number << shift;
    return {};
  }
  return takes(fmt::format("a size such as 64MB, not '{}'", text));
}

std::string bytes_text(std::size_t bytes) {
  if (bytes % (1U << 20) == 0) return fmt::format("{}MB", bytes >> 20);
  if (bytes % (1U << 10) == 0) return fmt::format("{}KB", bytes >> 10);
  return std::to_string(bytes);
}

// Seconds, with a fraction if need be.
Result<void> set_seconds(std::chrono::milliseconds& target, std::string_view text) {
  constexpr double kMost = 86'400;
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stop != end || !(seconds > 0) || seconds > kMost) {
    return takes(fmt::format("seconds, not '{}'", text));
  }
  target = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  return {};
}

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{:g}", static_cast<double>(time.count()) / 1000);
}

Result<void> set_switch(bool& target, std::string_view text) {
  if (text != "true" && text != "false" && text != "1" && text != "0" && !text.empty()) {
    return takes(fmt::format("true or false, not '{}'", text));
  }
  target = text != "false" && text != "0";
  return {};
}

Values switch_text(bool on) { return {on ? "true" : "false"}; }

bool is_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  return !name.empty() && name.size() <= 200 && std::ranges::none_of(name, is_control);
}

// NAME=DIR, or DIR alone, which is then named after its last part.
Result<void> add_model(ServerOptions& options, std::string_view text) {
  const std::size_t equals = text.find('=');
  NamedModel model;
  model.directory = equals == std::string_view::npos ? text : text.substr(equals + 1);
  while (model.directory.size() > 1 && model.directory.ends_with('/')) model.directory.pop_back();
  model.name = equals == std::string_view::npos
                   ? std::filesystem::path(model.directory).filename().string()
                   : std::string(text.substr(0, equals));
  if (!is_name(model.name) || model.directory.empty()) return takes("NAME=DIR or DIR");
  for (const NamedModel& other : options.models) {
    if (other.name == model.name) return takes(fmt::format("one directory for {}", model.name));
  }
  options.models.push_back(std::move(model));
  return {};
}

Result<void> add_alias(ServerOptions& options, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return takes("ALIAS=MODEL");
  }
  options.aliases.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return {};
}

Result<void> set_tls(ServerOptions& options, std::string TlsFiles::* file, std::string_view text) {
  if (!options.http.tls) options.http.tls.emplace();
  (*options.http.tls).*file = text;
  return {};
}

Values tls_text(const ServerOptions& options, std::string TlsFiles::* file) {
  return options.http.tls ? Values{(*options.http.tls).*file} : Values{};
}

Values words(const std::string& text) { return text.empty() ? Values{} : Values{text}; }

template <class T>
constexpr T kMost = std::numeric_limits<T>::max();

using O = ServerOptions;
using S = std::string_view;

constexpr std::array kOptions = {
    Option{"model", "[NAME=]DIR",
           "a model to serve under NAME; the first is the\ndefault (default: the built-in model)",
           true, [](O& o, S v) { return add_model(o, v); },
           [](const O& o) {
             Values out;
             for (const auto& m : o.models)
               out.push_back(fmt::format("{}={}", m.name, m.directory));
             return out;
           }},
    Option{"alias", "NAME=MODEL", "another name for a model", true,
           [](O& o, S v) { return add_alias(o, v); },
           [](const O& o) {
             Values out;
             for (const auto& [alias, model] : o.aliases)
               out.push_back(fmt::format("{}={}", alias, model));
             return out;
           }},
    Option{"strict-models", "",
           "refuse unknown model names (default: they\nare served by the default model)", false,
           [](O& o, S v) { return set_switch(o.strict_models, v); },
           [](const O& o) { return switch_text(o.strict_models); }},
    Option{"threads", "N", "compute threads of each model (default: all\nthe process may use)",
           false, [](O& o, S v) { return set_number(o.threads, v, 0, 4096); },
           [](const O& o) { return Values{std::to_string(o.threads)}; }},
    Option{"host", "ADDRESS", "IP address to listen on (default: 127.0.0.1)", false,
           [](O& o, S v) { return o.http.host = v, Result<void>(); },
           [](const O& o) { return words(o.http.host); }},
    Option{"port", "N", "port to listen on; 0 takes a free one\n(default: 8080)", false,
           [](O& o, S v) {
             return set_number<std::uint16_t>(o.http.port, v, 0, kMost<std::uint16_t>);
           },
           [](const O& o) { return Values{std::to_string(o.http.port)}; }},
    Option{"unix-socket", "PATH", "listen on a Unix socket instead", false,
           [](O& o, S v) { return o.http.unix_socket = v, Result<void>(); },
           [](const O& o) { return words(o.http.unix_socket); }},
    Option{"tls-certificate", "FILE", "PEM chain; serves HTTPS", false,
           [](O& o, S v) { return set_tls(o, &TlsFiles::certificate, v); },
           [](const O& o) { return tls_text(o, &TlsFiles::certificate); }},
    Option{"tls-key", "FILE", "PEM private key of the certificate", false,
           [](O& o, S v) { return set_tls(o, &TlsFiles::key, v); },
           [](const O& o) { return tls_text(o, &TlsFiles::key); }},
    Option{"keys", "FILE", "API keys, as podium keys writes them", false,
           [](O& o, S v) { return o.keys = v, Result<void>(); },
           [](const O& o) { return words(o.keys); }},
    Option{"no-auth", "", "without keys, serve other machines too", false,
           [](O& o, S v) { return set_switch(o.no_auth, v); },
           [](const O& o) { return switch_text(o.no_auth); }},
    Option{"timeout", "SECONDS", "the most a request may take unless it says\n(default: 60)", false,
           [](O& o, S v) { return set_seconds(o.timeout, v); },
           [](const O& o) { return Values{seconds_text(o.timeout)}; }},
    Option{"max-queue", "N", "requests that may wait (default: 512)", false,
           [](O& o, S v) { return set_number<std::size_t>(o.max_queue, v, 1, kMost<std::size_t>); },
           [](const O& o) { return Values{std::to_string(o.max_queue)}; }},
    Option{"max-documents", "N", "documents in one request (default: 100000)", false,
           [](O& o, S v) {
             return set_number<std::size_t>(o.max_documents, v, 1, kMost<std::size_t>);
           },
           [](const O& o) { return Values{std::to_string(o.max_documents)}; }},
    Option{"max-body", "BYTES", "of one request (default: 64MB)", false,
           [](O& o, S v) { return set_bytes(o.http.max_body, v); },
           [](const O& o) { return Values{bytes_text(o.http.max_body)}; }},
    Option{"max-bodies", "BYTES", "of all requests at once (default: 512MB)", false,
           [](O& o, S v) { return set_bytes(o.http.max_bodies, v); },
           [](const O& o) { return Values{bytes_text(o.http.max_bodies)}; }},
    Option{
        "max-connections", "N", "open at once (default: 4096)", false,
        [](O& o, S v) { return set_number<std::size_t>(o.http.max_connections, v, 1, 1'000'000); },
        [](const O& o) { return Values{std::to_string(o.http.max_connections)}; }},
    Option{"head-timeout", "SECONDS", "for a request's headers to arrive\n(default: 10)", false,
           [](O& o, S v) { return set_seconds(o.http.head_timeout, v); },
           [](const O& o) { return Values{seconds_text(o.http.head_timeout)}; }},
    Option{"body-timeout", "SECONDS", "for its body, and a second for each 64 KB\n(default: 30)",
           false, [](O& o, S v) { return set_seconds(o.http.body_timeout, v); },
           [](const O& o) { return Values{seconds_text(o.http.body_timeout)}; }},
    Option{"idle-timeout", "SECONDS", "between two requests (default: 75)", false,
           [](O& o, S v) { return set_seconds(o.http.idle_timeout, v); },
           [](const O& o) { return Values{seconds_text(o.http.idle_timeout)}; }},
    Option{"shutdown-timeout", "SECONDS", "for what is in flight at SIGTERM\n(default: 30)", false,
           [](O& o, S v) { return set_seconds(o.shutdown_timeout, v); },
           [](const O& o) { return Values{seconds_text(o.shutdown_timeout)}; }},
    Option{"cache", "N", "scores kept for pairs seen again; 0 keeps none\n(default: 100000)", false,
           [](O& o, S v) { return set_number<std::size_t>(o.cache, v, 0, 1'000'000'000); },
           [](const O& o) { return Values{std::to_string(o.cache)}; }},
    Option{
        "document-cache", "BYTES",
        "what a model with several depths keeps of\ndocuments; 0 is nothing (default: 32MB)", false,
        [](O& o, S v) {
          return v == "0" ? (o.document_cache = 0, Result<void>()) : set_bytes(o.document_cache, v);
        },
        [](const O& o) { return Values{bytes_text(o.document_cache)}; }},
    Option{"shared-cache", "", "share them between API keys", false,
           [](O& o, S v) { return set_switch(o.shared_cache, v); },
           [](const O& o) { return switch_text(o.shared_cache); }},
    Option{"strict-jina", "", "/v1/rerank to the byte as api.jina.ai answers", false,
           [](O& o, S v) { return set_switch(o.strict_jina, v); },
           [](const O& o) { return switch_text(o.strict_jina); }},
    Option{"access-log", "", "a line of JSON on standard error a request,\nwithout the texts",
           false, [](O& o, S v) { return set_switch(o.access_log, v); },
           [](const O& o) { return switch_text(o.access_log); }},
    Option{"cors-origin", "ORIGIN", "let pages of that origin call; * is all", false,
           [](O& o, S v) { return o.cors_origin = v, Result<void>(); },
           [](const O& o) { return words(o.cors_origin); }},
    Option{"otlp-endpoint", "URL",
           "send a span of each request to an OpenTelemetry\ncollector there (default: none)",
           false, [](O& o, S v) { return o.otlp_endpoint = v, Result<void>(); },
           [](const O& o) { return words(o.otlp_endpoint); }},
};

std::string variable_name(std::string_view option) {
  std::string name = "PODIUM_";
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

OptionValues from_environment(
    const std::function<std::optional<std::string>(const std::string&)>& variable) {
  OptionValues values;
  for (const Option& option : kOptions) {
    const auto value = variable(variable_name(option.name));
    if (!value) continue;
    for (auto& part : option.repeats ? split(*value, ',') : std::vector{*value}) {
      values.emplace_back(option.name, std::move(part));
    }
  }
  return values;
}

Result<OptionValues> from_file(const std::string& path) {
  const std::string name = path.empty() ? "podium.toml" : path;
  std::error_code ignored;
  if (path.empty() && !std::filesystem::exists(name, ignored)) return OptionValues{};
  PODIUM_TRY(const MappedFile file, MappedFile::open(name));
  return parse_toml(file.text(), name);
}

Result<void> apply(ServerOptions& options, const OptionValues& values, std::string_view prefix,
                   bool as_variable) {
  for (const auto& [name, value] : values) {
    const auto option = std::ranges::find(kOptions, name, &Option::name);
    if (option == kOptions.end()) {
      return fail(ErrorCode::invalid_argument, fmt::format("{}{} is no option", prefix, name),
                  "podium serve --help lists the options.");
    }
    if (auto set = option->set(options, value); !set) {
      Error error = std::move(set).error();
      error.message = fmt::format("{}{} {}", as_variable ? "" : prefix,
                                  as_variable ? variable_name(name) : name, error.message);
      return tl::unexpected(std::move(error));
    }
  }
  return {};
}

// What the clouds say in variables of their own; anything of Podium's goes before it.
Result<void> apply_cloud(
    ServerOptions& options,
    const std::function<std::optional<std::string>(const std::string&)>& variable) {
  const auto port =
      variable("AIP_HTTP_PORT") ? variable("AIP_HTTP_PORT") : variable("SAGEMAKER_BIND_TO_PORT");
  std::error_code ignored;
  const std::string sagemaker = "/opt/ml/model";
  const bool in_sagemaker = std::filesystem::exists(sagemaker + "/config.json", ignored);
  // There the platform stands before the server and checks who is asking.
  if (port || in_sagemaker || variable("AIP_MODE")) {
    options.http.host = "0.0.0.0";
    options.no_auth = true;
  }
  if (in_sagemaker) options.models.push_back({"model", sagemaker});
  if (const auto route = variable("AIP_HEALTH_ROUTE")) options.health_route = *route;
  if (const auto route = variable("AIP_PREDICT_ROUTE")) options.predict_route = *route;
  return port ? apply(options, {{"port", *port}}, "", true) : Result<void>();
}

// What every program with OpenTelemetry reads; --otlp-endpoint goes before it.
void apply_telemetry(
    ServerOptions& options,
    const std::function<std::optional<std::string>(const std::string&)>& variable) {
  options.otlp_endpoint = variable("OTEL_EXPORTER_OTLP_ENDPOINT").value_or("");
  options.otlp_headers = variable("OTEL_EXPORTER_OTLP_HEADERS").value_or("");
  options.service_name = variable("OTEL_SERVICE_NAME").value_or(options.service_name);
}

Result<void> check(const ServerOptions& options) {
  const auto& tls = options.http.tls;
  if (tls && (tls->certificate.empty() || tls->key.empty())) {
    return fail(ErrorCode::invalid_argument, "TLS needs both a certificate and a key",
                "Give --tls-certificate and --tls-key.");
  }
  if (!options.otlp_endpoint.empty()) {
    PODIUM_CHECK(parse_url(options.otlp_endpoint));
  }
  for (const auto& [alias, model] : options.aliases) {
    const bool built_in = options.models.empty();  // whose name is known once it is loaded
    if (built_in ||
        std::ranges::find(options.models, model, &NamedModel::name) != options.models.end()) {
      continue;
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("the alias {} names {}, which is not served", alias, model),
                "Give it with --model.");
  }
  return {};
}

// Lists of an earlier source replace those of a later one, they do not add to them.
void clear_lists(ServerOptions& options, const OptionValues& values) {
  for (const auto& [name, value] : values) {
    if (name == "model") options.models.clear();
    if (name == "alias") options.aliases.clear();
  }
}

}  // namespace

std::span<const Option> options_table() { return kOptions; }

Result<ServerOptions> read_options(
    const OptionValues& command_line, const std::string& file,
    const std::function<std::optional<std::string>(const std::string&)>& variable) {
  ServerOptions options;
  PODIUM_CHECK(apply_cloud(options, variable));
  apply_telemetry(options, variable);
  PODIUM_TRY(const OptionValues in_file, from_file(file));
  const OptionValues environment = from_environment(variable);
  clear_lists(options, environment);
  PODIUM_CHECK(apply(options, environment, "", true));
  clear_lists(options, in_file);
  PODIUM_CHECK(apply(options, in_file, (file.empty() ? "podium.toml" : file) + ": ", false));
  clear_lists(options, command_line);
  PODIUM_CHECK(apply(options, command_line, "--", false));
  PODIUM_CHECK(check(options));
  return options;
}

}  // namespace podium::server
