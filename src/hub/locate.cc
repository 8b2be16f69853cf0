#include "hub/locate.h"

#include <string>
#include <system_error>
#include <vector>

#include "hub/environment.h"
#include "hub/hugging_face_cache.h"

namespace podium::hub {

namespace fs = std::filesystem;

namespace {

// Folders that hold models by their names.
std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  for (const auto part : split(environment("PODIUM_MODELS"), ':')) {
    if (!part.empty()) folders.emplace_back(part);
  }
  folders.emplace_back("models");
  const auto data = environment_or_home("XDG_DATA_HOME", ".local/share");
  if (!data.empty()) folders.push_back(data / "podium" / "models");
  return folders;
}

bool is_a_directory(const fs::path& path) {
  std::error_code ignored;
  return !path.empty() && fs::is_directory(path, ignored);
}

}  // namespace

Result<fs::path> locate_model(std::string_view name) {
  std::error_code ignored;
  const fs::path as_given(name);
  if (is_a_directory(as_given)) return as_given;
  if (!name.empty() && fs::exists(as_given, ignored)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is a file, not a model directory", name),
                "Give the directory that holds config.json and model.safetensors.");
  }
  const auto parsed = parse_model_name(name);
  if (!parsed) {
    return fail(ErrorCode::not_found, fmt::format("model directory \"{}\" does not exist", name),
                "Give an existing directory, or a model's name such as org/model.");
  }
  std::string looked;
  for (const fs::path& folder : model_folders()) {
    if (is_a_directory(folder / name)) return folder / name;
    looked += fmt::format("{}, ", (folder / name).string());
  }
  const fs::path cache = hugging_face_cache();
  const std::string commit = cached_commit(cache, *parsed);
  const fs::path snapshot = cache / parsed->folder() / "snapshots" / commit;
  if (!commit.empty() && is_a_directory(snapshot)) return snapshot;
  looked += fmt::format("and the Hugging Face cache {}", cache.string());
  const bool pinned = parsed->revision != "main";
  return fail(
      ErrorCode::not_found, fmt::format("no model \"{}\": looked in {}", name, looked),
      fmt::format("Download it: `podium pull {}{}{}`, or give its directory.", parsed->repository,
                  pinned ? " --revision " : "", pinned ? parsed->revision : ""));
}

}  // namespace podium::hub
