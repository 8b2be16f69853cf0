// One line on standard error that says how far long work is, and goes away when it is done.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace podium::cli {

class Progress {
 public:
  enum class Unit { documents, bytes };
  explicit Progress(std::string label, Unit unit = Unit::documents);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws at most ten times a second, from 0.7 s after the start, and only on a terminal.
  void update(std::size_t done, std::size_t total);

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  Unit unit_;
  bool is_terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::milliseconds(700);
};

}  // namespace podium::cli
