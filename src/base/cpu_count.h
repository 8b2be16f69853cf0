// How many threads this process may really use.
#pragma once

#include <string_view>

namespace podium {

// The smaller of the CPU affinity mask and the cgroup CPU limit (v2 cpu.max or v1 cfs quota,
// rounded up), at least 1. Reads the system anew each time.
int usable_cpus();

// CPUs granted by the text of cgroup v2's cpu.max ("200000 100000" -> 2); 0 if it sets no limit.
int cpus_from_cpu_max(std::string_view text);

}  // namespace podium
