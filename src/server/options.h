// What an operator can set: one row an option in options.cc, and the same row is the command-line
// option, the key in podium.toml and the PODIUM_ variable. A later source in this list gives way to
// an earlier one: command line, podium.toml, environment, default.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "podium/options.h"
#include "podium/result.h"
#include "server/http/server.h"

namespace podium::server {

struct NamedModel {
  std::string name;  // as clients ask for it
  std::string
      directory;  // or a model's name as --model of the other commands takes it; "" built in
};

struct ServerOptions {
  HttpOptions http;
  std::vector<NamedModel> models;  // none: the built-in one; first: default
  std::vector<std::pair<std::string, std::string>> aliases;  // alias, model
  bool strict_models = false;  // an unknown model name is an error, not the default model
  int threads = 0;             // compute threads, shared by nobody but each model's own requests
  std::string keys;            // file of API keys
  bool no_auth = false;        // listen beyond this machine without keys

  std::size_t max_queue = 512;                // requests waiting to be ranked
  std::size_t max_documents = 100'000;        // in one request
  std::chrono::milliseconds timeout{60'000};  // of a request that names none
  std::chrono::milliseconds shutdown_timeout{30'000};
  std::size_t cache = 100'000;  // scores kept
  std::size_t document_cache = EngineOptions().document_cache_bytes;
  bool shared_cache = false;  // between API keys
  bool strict_jina = false;
  bool access_log = false;
  std::string cors_origin;

  std::string otlp_endpoint;  // of an OpenTelemetry collector; empty: no spans are sent
  std::string
      otlp_headers;  // OTEL_EXPORTER_OTLP_HEADERS: they hold secrets, so no option shows them
  std::string service_name = "podium";

  std::string health_route;  // further paths of /health and of the Vertex AI dialect
  std::string predict_route;
};

struct Option {
  std::string_view name;   // "max-body"; in podium.toml the same; PODIUM_MAX_BODY
  std::string_view value;  // what it takes, for the help: "BYTES"; empty: a switch
  std::string_view help;
  bool repeats = false;  // may be given more than once; a list in podium.toml
  // Errors say what the option takes.
  Result<void> (*set)(ServerOptions& options, std::string_view value);
  std::vector<std::string> (*get)(const ServerOptions& options);
};

std::span<const Option> options_table();

// The values of one source by option name, in the order given.
using OptionValues = std::vector<std::pair<std::string, std::string>>;

// `file` empty: podium.toml of the working directory, if there is one. `variable` looks up the
// environment. Unknown keys of the file are errors.
Result<ServerOptions> read_options(
    const OptionValues& command_line, const std::string& file,
    const std::function<std::optional<std::string>(const std::string&)>& variable);

// The effective configuration as it could stand in podium.toml.
std::string to_toml(const ServerOptions& options);

// The values of a podium.toml. `name` is for errors.
Result<OptionValues> parse_toml(std::string_view text, std::string_view name);

}  // namespace podium::server
