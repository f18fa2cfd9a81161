#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "bbprompt/run/progress.hpp"

namespace bbprompt {

enum class ProgressStyle {
  kLive,   // one line that is drawn over, several times a second
  kPlain,  // a line every few seconds
  kNone,
};

// "auto" looks at whether standard error ends at a terminal, through mpirun too. Throws UsageError.
[[nodiscard]] ProgressStyle choose_progress_style(const std::string& name);

// "3:07", "1:02:03"; "?" where unknown.
[[nodiscard]] std::string format_duration(double seconds);

// One line: trials, generations, best fitness, dev metric, queries of budget, rate, time left.
// Where that is wider than `width`, what people miss least is left out; the time left is not.
[[nodiscard]] std::string format_progress(const RunProgress& progress,
                                          std::size_t width = std::string::npos);

// Shows progress on standard error and writes it into the log.
class ProgressView {
 public:
  ProgressView(ProgressStyle style, double plain_seconds);

  void show(const RunProgress& progress);

  // Ends the live line, so that other output starts on a fresh one.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  ProgressStyle style_;
  double plain_seconds_;
  Clock::time_point last_live_{};
  Clock::time_point last_plain_;
  bool is_line_open_ = false;
};

}  // namespace bbprompt
