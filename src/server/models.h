// The models a server has, by name: loaded, swapped and unloaded while requests run. A request
// holds on to the model it began with, so none is dropped. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "podium/podium.h"
#include "server/api/dialect.h"

namespace podium::server {

class LoadedModel final : public ServedModel {
 public:
  LoadedModel(std::string name, std::string directory, Engine engine);

  std::string_view name() const override { return name_; }
  std::int64_t created() const override { return created_; }
  const ModelInfo& info() const override { return engine_.info(); }
  Result<std::vector<TokenSpan>> tokenize(std::string_view text) const override {
    return engine_.tokenize(text);
  }
  Result<std::vector<float>> embed(std::span<const std::string_view> texts,
                                   bool query) const override {
    return engine_.embed(texts, query);
  }

  const Engine& engine() const { return engine_; }
  const std::string& directory() const { return directory_; }
  std::uint64_t serial() const { return serial_; }  // no two loads have the same

 private:
  std::string name_;
  std::string directory_;
  Engine engine_;
  std::int64_t created_;
  std::uint64_t serial_;
};

class ModelRegistry final : public Models {
 public:
  ModelRegistry(std::vector<std::pair<std::string, std::string>> aliases, bool strict,
                EngineOptions engine);

  // Loads a model and puts it in the place of the one of that name, or at the end. An empty name
  // is that of the model.
  Result<std::shared_ptr<const LoadedModel>> load(std::string name, const std::string& directory);

  // Errors: no such model, or the last one.
  Result<void> unload(std::string_view name);

  std::shared_ptr<const LoadedModel> find_loaded(std::string_view name) const;
  std::shared_ptr<const ServedModel> find(std::string_view name) const override {
    return find_loaded(name);
  }
  std::vector<std::shared_ptr<const ServedModel>> list() const override;

 private:
  const std::vector<std::pair<std::string, std::string>> aliases_;
  const bool strict_;
  const EngineOptions engine_;  // of every model
  mutable std::shared_mutex mutex_;
  std::mutex loading_;  // one load at a time: each takes the memory of a model
  std::vector<std::shared_ptr<const LoadedModel>> models_;
};

}  // namespace podium::server
