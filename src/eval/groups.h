// Sets reported together.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace podium::eval {

struct Group {
  std::string name;
  std::vector<std::string> sets;  // names, in the order of the file
};

// A JSON object of arrays, {"GROUP": ["SET", …], …}. No set may be in two groups.
Result<std::vector<Group>> read_groups(const std::filesystem::path& file);

}  // namespace podium::eval
