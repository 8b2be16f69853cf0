// Golden files of tests/data/tiny-*: token ids and logits by PyTorch (scripts/make_tiny_models.py).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/json.h"
#include "hub/checkpoint.h"
#include "hub/model_config.h"
#include "model/model.h"

namespace podium::model {

inline std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(PODIUM_SOURCE_DIR) / "tests/data" / name;
}

inline json::Document read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  auto document = json::Document::parse(text, path.string());
  EXPECT_TRUE(document) << (document ? "" : document.error().message);
  return *std::move(document);
}

template <class T>
std::vector<T> numbers(json::Value array) {
  std::vector<T> values;
  array.for_each_element([&](json::Value value) {
    values.push_back(static_cast<T>(*value.as_double()));
    return true;
  });
  return values;
}

// A checkpoint with everything that was built from it.
struct Loaded {
  explicit Loaded(const std::filesystem::path& directory, const kernels::Kernels& kernels,
                  int threads, kernels::Precision precision = kernels::Precision::fp32)
      : checkpoint(*hub::Checkpoint::open(directory)),
        config(*hub::read_model_config(checkpoint)),
        pool(threads) {
    LoadContext context{checkpoint, config, kernels, pool, precision};
    context.token_id = [](std::string_view word) { return word == "yes" || word == "1" ? 7 : 8; };
    auto loaded = load_model(context);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    model = *std::move(loaded);
    workspace = model->make_workspace(
        4096, std::min<std::size_t>(config.max_position_embeddings, 4096), threads);
  }

  std::vector<float> logits(const batch::PackedBatch& batch) {
    std::vector<float> out(batch.sequences() * model->output_size());
    model->forward(batch, workspace, pool, out.data());
    return out;
  }

  hub::Checkpoint checkpoint;
  hub::ModelConfig config;
  ThreadPool pool;
  std::unique_ptr<Model> model;
  Workspace workspace;
};

// One query with its documents, as the golden file has them.
struct GoldenCase {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::vector<std::uint8_t>> types;
  std::vector<float> logits;

  explicit GoldenCase(json::Value value) : logits(numbers<float>(*value.find("logits"))) {
    value.find("pair_ids")->for_each_element([&](json::Value row) {
      return ids.push_back(numbers<std::int32_t>(row)), true;
    });
    value.find("token_type_ids")->for_each_element([&](json::Value row) {
      return types.push_back(numbers<std::uint8_t>(row)), true;
    });
  }

  batch::PackedBatch pack(const std::vector<std::size_t>& members) const {
    batch::PackedBatch batch;
    for (const std::size_t i : members) batch.add(ids[i], types[i]);
    return batch;
  }
};

inline std::vector<GoldenCase> golden_cases(const std::string& name) {
  const json::Document golden = read_json(data(name) / "golden.json");
  std::vector<GoldenCase> cases;
  golden.root().find("cases")->for_each_element(
      [&](json::Value value) { return cases.emplace_back(value), true; });
  EXPECT_FALSE(cases.empty());
  return cases;
}

}  // namespace podium::model
