// Where the time goes, by stage, summed over threads. On when PODIUM_PROFILE is set to anything but
// nothing or 0 at start; otherwise a scope costs one predictable branch.
#pragma once

#include <array>
#include <chrono>
#include <string_view>
#include <vector>

namespace podium::profile {

enum class Stage { other, tokenize, embed, products, attention, norm, head };
inline constexpr std::array<std::string_view, 7> kStageNames = {
    "other", "tokenize", "embed", "products", "attention", "norm", "head"};

bool enabled();

// Counts the time until its end for a stage, less that of scopes inside it.
class Scope {
 public:
  explicit Scope(Stage stage) {
    if (enabled()) before_ = switch_to(stage);
  }
  ~Scope() {
    if (enabled()) switch_to(before_);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  static Stage switch_to(Stage stage);
  Stage before_ = Stage::other;
};

// Busy time of every stage but `other`, over all threads and the whole run so far.
struct StageTime {
  std::string_view name;
  double milliseconds;
};
std::vector<StageTime> stage_times();

}  // namespace podium::profile
