// podium doctor: what this machine offers, what podium makes of it, and whether ranking works here.
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "cli/table.h"
#include "podium/engine.h"
#include "podium/podium.h"
#include "podium/system.h"

namespace podium::cli {

namespace {

enum class Format { table, json };

// One thing that must hold for podium to be of use.
struct Check {
  std::string_view name;
  bool passed;
  std::string detail;
};

std::string threads_text(const SystemInfo& system) {
  const std::string counts =
      fmt::format("{} of {} CPUs usable", system.cpus_usable, system.cpus_online);
  if (system.cpus_usable >= system.cpus_online) return counts;
  cpu_set_t set;
  CPU_ZERO(&set);
  const bool known = ::sched_getaffinity(0, sizeof set, &set) == 0;
  const bool by_affinity = known && CPU_COUNT(&set) <= system.cpus_usable;
  return counts + (by_affinity ? " (CPU affinity)" : " (cgroup CPU limit)");
}

Check check_model(const Result<Engine>& engine) {
  constexpr std::string_view kName = "built-in model";
  if (!engine) return {kName, false, engine.error().message};
  const ModelInfo& info = engine->info();
  return {kName, true,
          fmt::format("{}: {}, {} parameters, {}", info.name, info.architecture,
                      count_text(info.parameters), info.precision)};
}

// The answer in another language than the question must come before a sentence about another thing.
Check check_ranking(const Result<Engine>& engine) {
  constexpr std::string_view kName = "ranking";
  constexpr std::array<std::string_view, 2> kDocuments = {
      "Der Zug nach Hamburg fährt um halb neun von Gleis sieben.",
      "Le basilic en pot s'arrose tous les deux jours, au pied, jamais sur les feuilles."};
  if (!engine) return {kName, false, "not tried without a model"};
  const auto ranking = engine->rank("How often should I water basil?", kDocuments);
  if (!ranking) return {kName, false, ranking.error().message};
  const auto& results = ranking->results;
  if (results.size() != 2 || results[0].index != 1 || !std::isfinite(results[0].relevance_score)) {
    return {kName, false, "an English question did not find its French answer"};
  }
  return {kName, true,
          fmt::format("an English question found its French answer: {:.3f} against {:.3f}",
                      results[0].relevance_score, results[1].relevance_score)};
}

Check check_kernels(const SystemInfo& system) {
  for (const KernelSet& set : system.kernels) {
    if (set.chosen) return {"kernels", true, fmt::format("{}: {}", set.name, set.reason)};
  }
  return {"kernels", false, "no set of kernels was chosen"};
}

std::string report_table(const SystemInfo& system, std::span<const Check> checks) {
  const Terminal terminal = standard_output();
  Table facts({{"", false, 0, "2"}, {""}});
  facts.add_row({"podium", PODIUM_VERSION});
  facts.add_row({"cpu", system.cpu});
  facts.add_row({"features", fmt::format("{}", fmt::join(system.features, " "))});
  facts.add_row({"threads", threads_text(system)});
  facts.add_row({"memory", bytes_text(system.memory_bytes)});
  std::string libraries;
  for (const auto& [name, version] : system.libraries) {
    libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", name, version);
  }
  facts.add_row({"libraries", libraries});

  Table kernels({{"kernels", false, 0, "1"}, {""}, {""}});
  for (const KernelSet& set : system.kernels) {
    kernels.add_row({set.name,
                     set.chosen      ? "chosen"
                     : set.available ? "available"
                                     : "no",
                     set.reason});
  }
  Table precisions({{"precision", false, 0, "1"}, {""}, {""}});
  for (const PrecisionSupport& precision : system.precisions) {
    precisions.add_row({precision.name, precision.available ? "yes" : "no", precision.reason});
  }
  std::string verdicts;
  for (const Check& check : checks) {
    verdicts +=
        fmt::format("{} {}: {}\n",
                    check.passed ? styled(terminal, "32", "ok  ") : styled(terminal, "31", "FAIL"),
                    check.name, check.detail);
  }
  return fmt::format("{}\n{}\n{}\n{}", facts.render(terminal), kernels.render(terminal),
                     precisions.render(terminal), verdicts);
}

std::string report_json(const SystemInfo& system, std::span<const Check> checks, bool healthy) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("version").value(PODIUM_VERSION).key("cpu").value(system.cpu);
  writer.key("features").begin_array();
  for (const std::string& feature : system.features) writer.value(feature);
  writer.end_array().key("cpus_online").value(system.cpus_online);
  writer.key("cpus_usable").value(system.cpus_usable).key("threads").value(threads_text(system));
  writer.key("memory_bytes").value(system.memory_bytes).key("kernels").begin_array();
  for (const KernelSet& set : system.kernels) {
    writer.begin_object().key("name").value(set.name).key("available").value(set.available);
    writer.key("chosen").value(set.chosen).key("reason").value(set.reason).end_object();
  }
  writer.end_array().key("precisions").begin_array();
  for (const PrecisionSupport& precision : system.precisions) {
    writer.begin_object().key("name").value(precision.name);
    writer.key("available").value(precision.available).key("reason").value(precision.reason);
    writer.end_object();
  }
  writer.end_array().key("libraries").begin_object();
  for (const auto& [name, version] : system.libraries) writer.key(name).value(version);
  writer.end_object().key("checks").begin_array();
  for (const Check& check : checks) {
    writer.begin_object().key("name").value(check.name).key("passed").value(check.passed);
    writer.key("detail").value(check.detail).end_object();
  }
  writer.end_array().key("healthy").value(healthy).end_object();
  return out + "\n";
}

}  // namespace

Result<int> run_doctor(const Command& self, std::span<const char* const> arguments) {
  Format format = Format::table;
  Options options(self, "The exit status is 1 if a check fails.\n", "podium doctor");
  options.choice("-f,--format", format, {{"table", Format::table}, {"json", Format::json}},
                 "how to print (default: table)");
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  const SystemInfo system = system_info();
  const Result<Engine> engine = Engine::load({});
  const std::array checks = {check_kernels(system), check_model(engine), check_ranking(engine)};
  const bool healthy = std::ranges::all_of(checks, &Check::passed);
  Output out;
  out << (format == Format::json ? report_json(system, checks, healthy)
                                 : report_table(system, checks));
  const int status = out.finish();
  return healthy ? status : 1;
}

}  // namespace podium::cli
