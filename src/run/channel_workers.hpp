#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/sched/dispatch_loop.hpp"
#include "run/run_report.hpp"
#include "run/worker_watch.hpp"

namespace bbprompt {

// The workers of a run: work items and answers as messages over a channel, in real time.
class ChannelWorkers : public WorkerSet {
 public:
  // What a worker must know of a trial before its first item of it.
  using TellTrial = std::function<TrialMessage(std::int32_t trial)>;

  // All but `tell_trial` must outlive this object.
  ChannelWorkers(Channel& channel, WorkerWatch& watch, RunReport& report, TellTrial tell_trial);

  [[nodiscard]] double now() const override { return watch_.now(); }
  void give(int worker, WorkItem item) override;
  // Throws CommError when a worker breaks the protocol. Scores that are no numbers come out as a
  // failed result.
  [[nodiscard]] std::optional<Answer> wait(double seconds) override;
  void answers_again(int worker) override { report_.worker_back(worker); }

  // Whether a signal asked a worker alone to stop.
  [[nodiscard]] bool is_stop_asked() const { return is_stop_asked_; }
  // What is wrong where a worker asked to stop, by the first that said so; empty: nothing.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  // What workers were told of the trial has changed: they are told again.
  void tell_again(std::int32_t trial) { told_.erase(trial); }
  // The trial has ended; its workers may throw its parts away.
  void forget_trial(std::int32_t trial);
  // Whether the master is alone and evaluates by itself, while it waits.
  [[nodiscard]] bool is_own_worker() const;
  // Items that wait at workers are not begun any more.
  void drop_waiting_items();

 private:
  Channel& channel_;
  WorkerWatch& watch_;
  RunReport& report_;
  TellTrial tell_trial_;
  std::map<std::int32_t, std::set<int>> told_;   // workers, by trial
  std::map<std::int32_t, std::set<int>> knows_;  // workers that hold parts of a trial
  bool is_stop_asked_ = false;
  std::string trouble_;
};

}  // namespace bbprompt
