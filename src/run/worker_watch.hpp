#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/sched/dispatch_loop.hpp"
#include "bbprompt/sched/hang_detector.hpp"
#include "run/run_report.hpp"

namespace bbprompt {

// Looks for workers that were lost or give no answer in time, and has their work given to others.
class WorkerWatch {
 public:
  // Both must outlive the watch.
  WorkerWatch(Channel& channel, RunReport& report, const HangOptions& options);

  // Seconds since the watch began: the clock of all it is told.
  [[nodiscard]] double now() const;

  void set_slots(int worker, int slots) { hang_detector_.set_slots(worker, slots); }
  void given(int worker, const WorkItem& item) { hang_detector_.given(worker, item, now()); }
  void answered(int worker, const WorkResult& result);
  void forget_trial(std::int32_t trial) { hang_detector_.forget_trial(trial); }

  // Gives the work of lost and overdue workers to others. Returns what is wrong when no worker is
  // left that could do it.
  [[nodiscard]] std::optional<std::string> look(DispatchLoop& loop);

 private:
  using Clock = std::chrono::steady_clock;

  Channel& channel_;
  RunReport& report_;
  HangDetector hang_detector_;
  Clock::time_point start_;
  Clock::time_point last_look_;
};

}  // namespace bbprompt
