#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/run/progress.hpp"
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/sched/scheduler.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

enum class RunOutcome {
  kDone,     // every trial is done
  kFailed,   // every trial has ended, some failed
  kStopped,  // asked to stop; checkpoints are written
};

struct MasterOptions {
  std::function<bool()> is_stop_requested;
  std::function<void(const RunProgress&)> on_progress;  // called often; must be quick
  double status_seconds = 2.0;                          // between writes of status.json
  RunInfo info;                                         // what the results say of the run
};

// The master: keeps enough trials running to feed every worker, checkpoints each after every group,
// writes finished trials, and gathers all of them into one results file at the end.
class MasterRun {
 public:
  // All references must outlive the run. Throws ConfigError, DataError or ModelError for what is
  // wrong with any trial of the plan, before anything runs.
  MasterRun(const SweepPlan& plan, const RunFolder& folder, Channel& channel, ModelPool& models,
            MasterOptions options);

  // Runs, or goes on with, the plan. Throws StoreError when results cannot be written and
  // CommError when a worker breaks the protocol; what is on disk stays good.
  [[nodiscard]] RunOutcome run();

  // Tells the workers to stop and waits for their farewell. False when one did not answer in time.
  [[nodiscard]] static bool stop_workers(Channel& channel, double timeout_seconds);

 private:
  struct ActiveTrial {
    std::unique_ptr<TrialContext> context;
    std::unique_ptr<TrialRun> run;
    EvaluationGroup group;
    std::int64_t num_groups = 0;
    std::set<int> told;           // workers that know the trial's settings
    double seconds_before = 0.0;  // of earlier processes
    std::chrono::steady_clock::time_point start;
    bool is_saved = false;             // the last settled group is in the checkpoint
    OpenGroup open;                    // results for the first group, from the checkpoint
    bool has_unsaved_results = false;  // of the open group
    std::chrono::steady_clock::time_point last_save;
  };

  void check_plan();
  void start_trials();
  void start_trial(std::size_t index);
  void resume(ActiveTrial& trial, const std::string& id);
  void open_group(ActiveTrial& trial);
  void advance(std::size_t index);
  void dispatch();
  void handle(const Message& message);
  void report_failure(int rank, const std::string& error);
  [[nodiscard]] bool absorb_group(std::size_t index);
  void finish_trial(std::size_t index);
  void save_checkpoint(ActiveTrial& trial);
  void save_open_group(ActiveTrial& trial);
  void take_last_results();
  [[nodiscard]] RunOutcome stop();
  [[nodiscard]] RunOutcome finish();
  void update_progress(std::size_t index);
  void publish_progress(bool must_write);

  const SweepPlan& plan_;
  const RunFolder& folder_;
  Channel& channel_;
  ModelPool& models_;
  MasterOptions options_;
  Scheduler scheduler_;
  std::map<std::size_t, ActiveTrial> active_;  // by index in the plan
  std::size_t next_trial_ = 0;
  std::uint64_t next_item_ = 0;
  bool is_stop_asked_ = false;  // by a worker
  std::set<std::pair<int, std::string>> told_failures_;
  RunProgress progress_;
  std::int64_t num_session_queries_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_status_;
};

}  // namespace bbprompt
