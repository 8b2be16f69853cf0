#include "server/models.h"

#include <algorithm>
#include <atomic>
#include <ctime>

#include "base/error.h"

namespace podium::server {

namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

LoadedModel::LoadedModel(std::string name, std::string directory, Engine engine)
    : name_(std::move(name)),
      directory_(std::move(directory)),
      engine_(std::move(engine)),
      created_(std::time(nullptr)),
      serial_(next_serial()) {}

ModelRegistry::ModelRegistry(std::vector<std::pair<std::string, std::string>> aliases, bool strict,
                             EngineOptions engine)
    : aliases_(std::move(aliases)), strict_(strict), engine_(std::move(engine)) {}

Result<std::shared_ptr<const LoadedModel>> ModelRegistry::load(std::string name,
                                                               const std::string& directory) {
  const std::lock_guard loading(loading_);
  EngineOptions options = engine_;
  options.model = directory;
  PODIUM_TRY(Engine engine, Engine::load(options));
  if (name.empty()) name = engine.info().name;
  auto loaded = std::make_shared<const LoadedModel>(name, directory, std::move(engine));
  const std::lock_guard lock(mutex_);
  const auto place = std::ranges::find(models_, name, [](const auto& m) { return m->name(); });
  if (place == models_.end()) {
    models_.push_back(loaded);
  } else {
    *place = loaded;  // requests under way keep the one that was here
  }
  return loaded;
}

Result<void> ModelRegistry::unload(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto place = std::ranges::find(models_, name, [](const auto& m) { return m->name(); });
  if (place == models_.end()) {
    return fail(ErrorCode::not_found, fmt::format("no model is called '{}'", name),
                "GET /v1/models lists them.");
  }
  if (models_.size() == 1) {
    return fail(ErrorCode::unsupported, "this is the only model",
                "Load another one first; loading under the same name swaps.");
  }
  models_.erase(place);
  return {};
}

std::shared_ptr<const LoadedModel> ModelRegistry::find_loaded(std::string_view name) const {
  for (const auto& [alias, model] : aliases_) {
    if (alias == name) name = model;
  }
  const std::shared_lock lock(mutex_);
  const auto place = std::ranges::find(models_, name, [](const auto& m) { return m->name(); });
  if (place != models_.end()) return *place;
  if (models_.empty() || (strict_ && !name.empty())) return nullptr;
  return models_.front();
}

std::vector<std::shared_ptr<const ServedModel>> ModelRegistry::list() const {
  const std::shared_lock lock(mutex_);
  return {models_.begin(), models_.end()};
}

}  // namespace podium::server
