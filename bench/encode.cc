// Podium's side of `make bench`: a network on token ids, driven through standard input so that its
// runs can take turns with those of other engines.
//
//   bench_encode MODEL fp32|bf16|int8 THREADS [BATCH_TOKENS]
//
// Each line names a file of token ids (int32: count, then per sequence its length and its ids); the
// answer is a line with the seconds that encoding it took, the processor seconds of the whole
// process, and the first number of the first sequence's output.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <string>
#include <string_view>

#include "base/profile.h"
#include "batch/packed_batch.h"
#include "kernels/kernels.h"
#include "model/model.h"

namespace podium {
namespace {

using Sequences = std::vector<std::vector<std::int32_t>>;

Sequences read_ids(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const auto next = [&] {
    std::int32_t value = 0;
    file.read(reinterpret_cast<char*>(&value), sizeof value);
    return value;
  };
  Sequences sequences(static_cast<std::size_t>(next()));
  for (auto& sequence : sequences) {
    sequence.resize(static_cast<std::size_t>(next()));
    for (auto& id : sequence) id = next();
  }
  return sequences;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Sequences in batches of at most `budget` tokens, the longest first, as a reranker packs them.
std::vector<std::vector<std::size_t>> plan(const Sequences& sequences, std::size_t budget) {
  std::vector<std::size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(),
                           [&](std::size_t i) { return sequences[i].size(); });
  std::vector<std::vector<std::size_t>> batches;
  std::size_t room = 0;
  for (const std::size_t i : order) {
    if (batches.empty() || sequences[i].size() > room) {
      batches.emplace_back();
      room = budget;
    }
    room -= sequences[i].size();
    batches.back().push_back(i);
  }
  return batches;
}

struct Encoder {
  const model::Model& model;
  model::Workspace& workspace;
  ThreadPool& pool;
  std::size_t budget;
  std::vector<float> out;

  float encode(const Sequences& sequences) {
    float first = 0;
    for (const auto& members : plan(sequences, budget)) {
      batch::PackedBatch batch;
      for (const std::size_t i : members) {
        batch.add(sequences[i], std::vector<std::uint8_t>(sequences[i].size()));
      }
      out.resize(members.size() * model.output_size());
      model.forward(batch, workspace, pool, out.data());
      for (std::size_t row = 0; row < members.size(); ++row) {
        if (members[row] == 0) first = out[row * model.output_size()];
      }
    }
    return first;
  }
};

Result<kernels::Precision> precision_of(std::string_view name) {
  for (const auto precision :
       {kernels::Precision::fp32, kernels::Precision::bf16, kernels::Precision::int8}) {
    if (kernels::to_string(precision) == name) return precision;
  }
  return fail(ErrorCode::invalid_argument, fmt::format("no precision is called {}", name));
}

Result<void> serve(const char* directory, std::string_view precision_name, int threads,
                   std::size_t batch_tokens) {
  PODIUM_TRY(const kernels::Precision precision, precision_of(precision_name));
  PODIUM_TRY(const hub::Checkpoint checkpoint, hub::Checkpoint::open(directory));
  PODIUM_TRY(const hub::ModelConfig config, hub::read_model_config(checkpoint));
  PODIUM_TRY(const kernels::Kernels* kernels, kernels::choose());
  ThreadPool pool(threads);
  PODIUM_TRY(const auto network,
             model::load_model({checkpoint, config, *kernels, pool, precision}));
  checkpoint.drop_pages();
  const std::size_t longest = network->description().max_length;
  const std::size_t budget = std::max(batch_tokens, longest);
  model::Workspace workspace = network->make_workspace(budget, longest, threads);
  Encoder encoder{*network, workspace, pool, budget, {}};
  fmt::print("ready {}\n", kernels->name);
  std::fflush(stdout);
  for (std::string path; std::getline(std::cin, path);) {
    const Sequences sequences = read_ids(path);
    const double processor = processor_seconds();
    const auto start = std::chrono::steady_clock::now();
    const float first = encoder.encode(sequences);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    fmt::print("{} {} {}\n", spent.count(), processor_seconds() - processor, first);
    std::fflush(stdout);
  }
  for (const auto& stage : profile::stage_times()) {
    if (profile::enabled()) fmt::print(stderr, "{} {:.1f} ms\n", stage.name, stage.milliseconds);
  }
  return {};
}

}  // namespace
}  // namespace podium

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) return 2;
  const std::size_t batch_tokens = argc == 5 ? std::strtoull(argv[4], nullptr, 10) : 4096;
  const auto outcome = podium::serve(argv[1], argv[2], std::atoi(argv[3]), batch_tokens);
  if (outcome) return 0;
  fmt::print(stderr, "{}\n", outcome.error().message);
  return 1;
}
