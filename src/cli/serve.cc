// podium serve: options in, a server that runs until it is told to stop.
#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "cli/command.h"
#include "cli/output.h"
#include "server/auth/key_gate.h"
#include "server/auth/key_store.h"
#include "server/server.h"

namespace podium::cli {

namespace {

constexpr const char* kNotes =
    "Each option is also a key of its name in podium.toml (--config, or podium.toml\n"
    "where podium is started) and a variable (PODIUM_PORT for --port); what the\n"
    "command line says goes before the file, and the file before the variables.\n"
    "SIGTERM ends the server once what is in flight is answered.\n";

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// As many descriptors as the system allows: each connection takes one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// What a request took goes back to the system when it ends. By itself the allocator raises both
// limits with the largest block it has seen, and keeps as much as that for each thread
// (mallopt(3)): 515 MiB instead of 90 after the greedy shapes of scripts/reliability.
void give_memory_back() {
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

void print_error_line(std::string_view line) { fmt::print(stderr, "{}\n", line); }

// Blocks SIGTERM and SIGINT in this thread and all it starts, so that one place waits for them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

std::string served_models(server::Server& server) {
  std::string names;
  for (const auto& model : server.models().list()) {
    names.append(names.empty() ? "" : ", ").append(model->name());
  }
  return names;
}

Result<int> serve(server::ServerOptions options) {
  const sigset_t signals = block_signals();
  raise_descriptor_limit();
  give_memory_back();
  PODIUM_TRY(auto gate, server::key_gate(options.keys.empty() ? server::KeyStore::default_path()
                                                              : options.keys));
  PODIUM_TRY(const auto server,
             server::Server::start(std::move(options), std::move(gate), print_error_line));
  PODIUM_CHECK(server->load());
  print_error_line(fmt::format("podium: serving {} at {} (try it there in a browser)",
                               served_models(*server), server->address()));
  int signal = 0;
  sigwait(&signals, &signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends at once
  if (!server->drain()) print_error_line("podium: stopped with requests unanswered");
  return 0;
}

}  // namespace

Result<int> run_serve(const Command& self, std::span<const char* const> arguments) {
  std::string file;
  bool check = false;
  server::OptionValues values;
  Options options(self, kNotes, "podium serve --port 8080 --model small=models/default");
  options.add_option("-c,--config", file, "read options from FILE (default: podium.toml)")
      ->type_name("FILE");
  options.add_flag("--check", check, "print the configuration in force and stop");
  for (const server::Option& option : server::options_table()) {
    const std::string flag = "--" + std::string(option.name);
    if (option.value.empty()) {
      options.add_flag_function(
          flag, [&values, &option](std::int64_t) { values.emplace_back(option.name, "true"); },
          std::string(option.help));
      continue;
    }
    auto* added = options.add_option_function<std::vector<std::string>>(
        option.name == "model" ? "-m," + flag : flag,
        [&values, &option](const std::vector<std::string>& given) {
          for (const auto& value : given) values.emplace_back(option.name, value);
        },
        std::string(option.help));
    added->type_name(std::string(option.value))->expected(1);
    if (option.repeats) added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(auto read, server::read_options(values, file, environment));
  if (check) {
    Output out;
    out << server::to_toml(read);
    return out.finish();
  }
  return serve(std::move(read));
}

}  // namespace podium::cli
