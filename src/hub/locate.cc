#include "hub/locate.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace podium::hub {

namespace fs = std::filesystem;

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// $name, or a folder below the home directory; empty if there is no home either.
fs::path environment_or_home(const char* name, std::string_view below_home) {
  if (const auto value = environment(name); !value.empty()) return value;
  const auto home = environment("HOME");
  return home.empty() ? fs::path() : fs::path(home) / below_home;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// "model" or "org/model", neither of which may lead out of the folder it is looked up in.
bool is_model_name(std::string_view name) {
  const auto parts = split(name, '/');
  return parts.size() <= 2 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return !part.empty() && part != "." && part != ".." && part[0] != '~' &&
                  part.find('\0') == std::string_view::npos;
         });
}

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

fs::path hugging_face_cache() {
  if (const auto hub = environment("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const auto home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  const auto cache = environment_or_home("XDG_CACHE_HOME", ".cache");
  return cache.empty() ? cache : cache / "huggingface" / "hub";
}

// The snapshot of branch main: models--org--name/snapshots/<the commit in refs/main>. Empty if the
// cache does not hold one.
fs::path cached_snapshot(const fs::path& cache, std::string_view name) {
  const auto border = name.find('/');
  const std::string folder =
      border == std::string_view::npos
          ? fmt::format("models--{}", name)
          : fmt::format("models--{}--{}", name.substr(0, border), name.substr(border + 1));
  std::ifstream reference(cache / folder / "refs" / "main");
  std::string commit;
  reference >> commit;
  const bool hexadecimal = commit.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (commit.empty() || !hexadecimal) return {};
  return cache / folder / "snapshots" / commit;
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
  if (!is_model_name(name)) {
    return fail(ErrorCode::not_found, fmt::format("model directory \"{}\" does not exist", name),
                "Give an existing directory, or a model's name such as org/model.");
  }
  std::string looked;
  for (const fs::path& folder : model_folders()) {
    if (is_a_directory(folder / name)) return folder / name;
    looked += fmt::format("{}, ", (folder / name).string());
  }
  const fs::path cache = hugging_face_cache();
  if (const auto snapshot = cached_snapshot(cache, name); is_a_directory(snapshot)) return snapshot;
  looked += fmt::format("and the Hugging Face cache {}", cache.string());
  return fail(ErrorCode::not_found, fmt::format("no model \"{}\": looked in {}", name, looked),
              fmt::format("Download it: `hf download {0} --local-dir models/{0}`, or give its "
                          "directory.",
                          name));
}

}  // namespace podium::hub
