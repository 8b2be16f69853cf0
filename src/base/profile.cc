#include "base/profile.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace podium::profile {

namespace {

using Clock = std::chrono::steady_clock;

std::array<std::atomic<std::int64_t>, kStageNames.size()> nanoseconds{};

struct Running {
  Stage stage = Stage::other;
  Clock::time_point since = Clock::now();
};
thread_local Running running;

}  // namespace

bool enabled() {
  static const bool on = [] {
    const char* wish = std::getenv("PODIUM_PROFILE");
    return wish != nullptr && !std::string_view(wish).empty() && std::string_view(wish) != "0";
  }();
  return on;
}

Stage Scope::switch_to(Stage stage) {
  const auto now = Clock::now();
  const auto spent = std::chrono::duration_cast<std::chrono::nanoseconds>(now - running.since);
  nanoseconds[static_cast<std::size_t>(running.stage)].fetch_add(spent.count(),
                                                                 std::memory_order_relaxed);
  running.since = now;
  return std::exchange(running.stage, stage);
}

std::vector<StageTime> stage_times() {
  std::vector<StageTime> times;
  for (std::size_t i = 1; i < kStageNames.size(); ++i) {
    times.push_back({kStageNames[i], static_cast<double>(nanoseconds[i].load()) / 1e6});
  }
  return times;
}

}  // namespace podium::profile
