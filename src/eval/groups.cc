#include "eval/groups.h"

#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "eval/gzip.h"

namespace podium::eval {

Result<std::vector<Group>> read_groups(const std::filesystem::path& file) {
  PODIUM_TRY(const std::string text, read_plain_or_gzip(file));
  PODIUM_TRY(const json::Document document, json::Document::parse(text, file.string()));
  std::vector<Group> groups;
  std::unordered_set<std::string> seen;
  std::string wrong = document.root().is_object() ? "" : "it is no JSON object";
  document.root().for_each_member([&](std::string_view name, json::Value sets) {
    Group group{std::string(name), {}};
    if (!sets.is_array()) wrong = fmt::format("group {} is no array", name);
    sets.for_each_element([&](json::Value element) {
      const auto set = element.as_string();
      if (!set) wrong = fmt::format("group {} holds something that is no string", name);
      if (set && !seen.emplace(*set).second) wrong = fmt::format("set {} is there twice", *set);
      if (set) group.sets.emplace_back(*set);
      return wrong.empty();
    });
    groups.push_back(std::move(group));
    return wrong.empty();
  });
  if (wrong.empty()) return groups;
  return fail(ErrorCode::malformed, fmt::format("{}: {}", file.string(), wrong),
              R"(Groups are a JSON object of arrays of set names: {"code": ["cosqa", "odex"]}.)");
}

}  // namespace podium::eval
