// podium bench: what the engine does here with a load of requests, without a server around it.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <optional>
#include <thread>

#include "base/json.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/table.h"
#include "documents/documents.h"
#include "podium/engine.h"

namespace podium::cli {

namespace {

using Clock = std::chrono::steady_clock;

enum class Format { table, json };

struct Load {
  std::string query;
  std::string file;
  int clients = 1;
  int seconds = 10;
  Format format = Format::table;
  EngineOptions engine;
};

constexpr const char* kNotes =
    "Each client ranks all documents of FILE, again and again; none has a cache.\n"
    "The first request of each is not counted. FILE is read as podium rank reads it.\n";

// What the clients saw, in seconds.
struct Measured {
  std::vector<double> latencies;  // of the requests that ended in time, shortest first
  std::size_t tokens = 0;         // of one request
  double seconds = 0;

  double at(double share) const {
    return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
  }
  double mean() const {
    double sum = 0;
    for (const double latency : latencies) sum += latency;
    return sum / static_cast<double>(latencies.size());
  }
  double per_second() const { return static_cast<double>(latencies.size()) / seconds; }
};

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<Measured> measure(const Engine& engine, const Load& load,
                         std::span<const std::string_view> documents) {
  const auto count = static_cast<std::size_t>(load.clients);
  std::vector<std::vector<double>> latencies(count);
  std::vector<std::optional<Error>> errors(count);
  std::atomic<std::size_t> tokens = 0;
  Clock::time_point start;
  std::atomic<int> warm = 0;
  std::atomic<bool> begun = false;
  std::vector<std::thread> clients;
  clients.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back([&, i] {
      const auto rank = [&] {
        auto ranking = engine.rank(load.query, documents, {.client = i});
        if (ranking) {
          tokens = ranking->usage.total_tokens;
        } else {
          errors[i] = std::move(ranking).error();
        }
        return !errors[i];
      };
      const bool works = rank();
      ++warm;
      begun.wait(false);
      while (works && since(start) < load.seconds) {
        const auto asked = Clock::now();
        if (!rank()) return;
        latencies[i].push_back(since(asked));
      }
    });
  }
  while (warm < load.clients) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  start = Clock::now();
  begun = true;
  begun.notify_all();
  for (std::thread& client : clients) client.join();

  Measured measured{.latencies = {}, .tokens = tokens, .seconds = since(start)};
  for (std::size_t i = 0; i < count; ++i) {
    if (std::optional<Error>& error = errors[i]; error.has_value()) {
      return tl::unexpected(std::move(*error));
    }
    measured.latencies.insert(measured.latencies.end(), latencies[i].begin(), latencies[i].end());
  }
  std::ranges::sort(measured.latencies);
  return measured;
}

std::string report_json(const Load& load, std::size_t documents, const Measured& measured,
                        const ModelInfo& model) {
  const auto ms = [](double seconds) { return std::round(seconds * 1e6) / 1e3; };
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("model").value(model.name).key("precision").value(model.precision);
  writer.key("threads").value(model.threads).key("clients").value(load.clients);
  writer.key("documents").value(std::uint64_t{documents});
  writer.key("tokens").value(std::uint64_t{measured.tokens});
  writer.key("requests").value(std::uint64_t{measured.latencies.size()});
  writer.key("seconds").value(measured.seconds);
  writer.key("requests_per_second").value(measured.per_second());
  writer.key("latency_ms").begin_object().key("min").value(ms(measured.at(0)));
  writer.key("mean").value(ms(measured.mean())).key("p50").value(ms(measured.at(0.5)));
  writer.key("p90").value(ms(measured.at(0.9))).key("p99").value(ms(measured.at(0.99)));
  writer.end_object().end_object();
  return out + "\n";
}

std::string report_table(const Load& load, std::size_t documents, const Measured& measured,
                         const ModelInfo& model) {
  const auto ms = [](double seconds) { return fmt::format("{:.2f} ms", seconds * 1e3); };
  const double rate = measured.per_second();
  Table table({{"", false, 0, "2"}, {""}});
  table.add_row(
      {"model", fmt::format("{}, {}, {} threads", model.name, model.precision, model.threads)});
  table.add_row({"load", fmt::format("{} clients, {} documents and {} tokens a request",
                                     load.clients, documents, measured.tokens)});
  table.add_row({"throughput", fmt::format("{:.2f} requests/s, {:.0f} documents/s, {:.0f} tokens/s",
                                           rate, rate * static_cast<double>(documents),
                                           rate * static_cast<double>(measured.tokens))});
  table.add_row(
      {"latency", fmt::format("min {}, p50 {}, p90 {}, p99 {}", ms(measured.at(0)),
                              ms(measured.at(0.5)), ms(measured.at(0.9)), ms(measured.at(0.99)))});
  return table.render(standard_output());
}

}  // namespace

Result<int> run_bench(const Command& self, std::span<const char* const> arguments) {
  Load load;
  Options options(self, kNotes,
                  "podium bench -q \"how to clean a cast iron pan\" examples/kitchen.txt");
  options.add_option("FILE", load.file, "documents; - or none is standard input");
  options.add_option("-q,--query", load.query, "what the documents are judged by")
      ->type_name("TEXT")
      ->required();
  options.number<int>("-c,--clients", load.clients, 1, "requests at once (default: 1)");
  options.number<int>("-s,--seconds", load.seconds, 1, "how long (default: 10)");
  options.choice("-f,--format", load.format, {{"table", Format::table}, {"json", Format::json}},
                 "how to print (default: table)");
  options.engine(load.engine);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(const Input input, Input::open(load.file));
  PODIUM_TRY(const auto documents, documents::parse_documents(input.text(), input.name()));
  std::vector<std::string> texts;
  texts.reserve(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) texts.push_back(documents.text(i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  PODIUM_TRY(const Engine engine, Engine::load(load.engine));
  PODIUM_TRY(const Measured measured, measure(engine, load, views));
  if (measured.latencies.empty()) {
    return fail(ErrorCode::deadline_exceeded, "no request ended in time",
                "Give it more time with --seconds, or fewer documents.");
  }
  Output out;
  out << (load.format == Format::json
              ? report_json(load, documents.size(), measured, engine.info())
              : report_table(load, documents.size(), measured, engine.info()));
  return out.finish();
}

}  // namespace podium::cli
