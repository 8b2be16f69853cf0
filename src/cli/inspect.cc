// podium inspect: what a model is, what it takes, and which kernels would run it.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "cli/command.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "cli/table.h"
#include "podium/engine.h"

namespace podium::cli {

namespace {

enum class Format { table, json };

std::string info_table(const ModelInfo& info) {
  const Terminal terminal = standard_output();
  Table table({{"", false, 0, "2"}, {""}});
  table.add_row({"model", info.name});
  table.add_row({"architecture", info.architecture});
  table.add_row({"head", info.head});
  table.add_row({"parameters", count_text(info.parameters)});
  table.add_row(
      {"layers", fmt::format("{}, hidden {}, {} heads, intermediate {}", info.num_hidden_layers,
                             info.hidden_size, info.num_attention_heads, info.intermediate_size)});
  table.add_row({"tokenizer", info.tokenizer});
  table.add_row({"longest sequence", fmt::format("{} tokens", info.max_length)});
  table.add_row({"weights", info.weights});
  table.add_row(
      {"memory", fmt::format("{} packed weights, {} mapped, {} tokenizer, {} workspace",
                             bytes_text(info.weight_bytes), bytes_text(info.mapped_bytes),
                             bytes_text(info.tokenizer_bytes), bytes_text(info.workspace_bytes))});
  table.add_row({"batch", fmt::format("{} tokens", info.batch_tokens)});
  table.add_row({"kernels", fmt::format("{}, {}", info.isa, info.precision)});
  std::string_view rest = info.certificate;
  for (std::string_view label = "certificate"; !rest.empty(); label = "") {
    const std::size_t end = std::min(rest.find("; "), rest.size());
    table.add_row({std::string(label), std::string(rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  table.add_row({"threads", std::to_string(info.threads)});
  return table.render(terminal);
}

std::string info_json(const ModelInfo& info) {
  std::string out;
  json::Writer writer(out);
  const auto fact = [&](std::string_view key, const auto& value) { writer.key(key).value(value); };
  writer.begin_object();
  fact("model", info.name);
  fact("architecture", info.architecture);
  fact("head", info.head);
  fact("parameters", info.parameters);
  fact("num_hidden_layers", info.num_hidden_layers);
  fact("hidden_size", info.hidden_size);
  fact("num_attention_heads", info.num_attention_heads);
  fact("intermediate_size", info.intermediate_size);
  fact("tokenizer", info.tokenizer);
  fact("vocab_size", info.vocab_size);
  fact("max_length", info.max_length);
  fact("weights", info.weights);
  writer.key("memory").begin_object();
  fact("weight_bytes", info.weight_bytes);
  fact("mapped_bytes", info.mapped_bytes);
  fact("tokenizer_bytes", info.tokenizer_bytes);
  fact("workspace_bytes", info.workspace_bytes);
  writer.end_object();
  fact("batch_tokens", info.batch_tokens);
  fact("isa", info.isa);
  fact("precision", info.precision);
  fact("certificate", info.certificate);
  fact("threads", info.threads);
  writer.end_object();
  return out + "\n";
}

}  // namespace

Result<int> run_inspect(const Command& self, std::span<const char* const> arguments) {
  EngineOptions engine_options;
  Format format = Format::table;
  Options options(self, "", "podium inspect models/default");
  options.add_option("MODEL", engine_options.model,
                     "model directory (default: the built-in model)");
  options.choice("-f,--format", format, {{"table", Format::table}, {"json", Format::json}},
                 "how to print (default: table)");
  options.engine(engine_options, false);
  PODIUM_TRY(const bool go_on, options.read(arguments));
  if (!go_on) return 0;
  PODIUM_TRY(const Engine engine, Engine::load(engine_options));
  Output out;
  out << (format == Format::json ? info_json(engine.info()) : info_table(engine.info()));
  return out.finish();
}

}  // namespace podium::cli
