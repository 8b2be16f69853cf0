#include "base/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace podium {

namespace {

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

int cpus_from_quota(double quota, double period) {
  if (quota <= 0 || period <= 0) return 0;
  return std::max(1, static_cast<int>((quota + period - 1) / period));
}

int cgroup_v1_cpus() {
  std::istringstream quota(read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"));
  std::istringstream period(read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  double q = 0;
  double p = 0;
  if (!(quota >> q) || !(period >> p)) return 0;
  return cpus_from_quota(q, p);
}

// The tightest cpu.max from this process's cgroup up to the root (cgroups v2).
int cgroup_v2_cpus() {
  std::ifstream self("/proc/self/cgroup");
  std::string line;
  int limit = 0;
  while (std::getline(self, line)) {
    if (!line.starts_with("0::")) continue;
    for (std::string path = line.substr(3);; path.resize(path.find_last_of('/'))) {
      const int cpus = cpus_from_cpu_max(read_line("/sys/fs/cgroup" + path + "/cpu.max"));
      if (cpus > 0) limit = limit == 0 ? cpus : std::min(limit, cpus);
      if (path.empty() || path.find('/') == std::string::npos) break;
    }
  }
  return limit;
}

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace

int cpus_from_cpu_max(std::string_view text) {
  std::istringstream in{std::string(text)};
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period)) return 0;  // "max 100000" sets no limit
  return cpus_from_quota(quota, period);
}

int usable_cpus() {
  int cpus = affinity_cpus();
  for (const int limit : {cgroup_v2_cpus(), cgroup_v1_cpus()}) {
    if (limit > 0) cpus = std::min(cpus, limit);
  }
  return cpus;
}

}  // namespace podium
