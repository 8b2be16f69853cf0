#include "hub/hugging_face_cache.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include "hub/environment.h"

namespace podium::hub {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kHexadecimal = "0123456789abcdef";

// Parts of a name that may become parts of a path.
bool are_plain(const std::vector<std::string_view>& parts) {
  return std::ranges::all_of(parts, [](std::string_view part) {
    return !part.empty() && part != "." && part != ".." && part[0] != '~' &&
           std::ranges::none_of(part, [](unsigned char c) { return c < ' ' || c == '\\'; });
  });
}

}  // namespace

std::string ModelName::folder() const {
  std::string folder = "models--" + repository;
  if (const auto border = folder.find('/'); border != std::string::npos) {
    folder.replace(border, 1, "--");
  }
  return folder;
}

Result<ModelName> parse_model_name(std::string_view text) {
  const auto at = text.find('@');
  ModelName name;
  name.repository = text.substr(0, at);
  if (at != std::string_view::npos) name.revision = text.substr(at + 1);
  const auto parts = split(name.repository, '/');
  if (parts.size() <= 2 && are_plain(parts) && are_plain(split(name.revision, '/'))) return name;
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" is no name of a model", text),
              "A model's name is OWNER/NAME, or OWNER/NAME@REVISION.");
}

fs::path hugging_face_cache() {
  if (const auto hub = environment("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const auto home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  const auto cache = environment_or_home("XDG_CACHE_HOME", ".cache");
  return cache.empty() ? cache : cache / "huggingface" / "hub";
}

bool is_commit(std::string_view revision) {
  return revision.size() == 40 &&
         revision.find_first_not_of(kHexadecimal) == std::string_view::npos;
}

std::string cached_commit(const fs::path& cache, const ModelName& name) {
  if (is_commit(name.revision)) return name.revision;
  std::ifstream reference(cache / name.folder() / "refs" / name.revision);
  std::string commit;
  reference >> commit;
  return commit.find_first_not_of(kHexadecimal) == std::string::npos ? commit : std::string();
}

}  // namespace podium::hub
