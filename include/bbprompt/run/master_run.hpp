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
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/run_report.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/sched/hang_detector.hpp"
#include "bbprompt/sched/scheduler.hpp"
#include "bbprompt/store/checkpoint_writer.hpp"
#include "bbprompt/store/finished_trials.hpp"
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
  std::function<void(const RunProgress&)> on_progress;  // several times a second; must be quick
  double status_seconds = 2.0;                          // between writes of status.json
  RunInfo info;                                         // what the results say of the run
  HangOptions hang{};
  std::int64_t worker_model_bytes = 0;  // ModelPool's limit in each worker
  // Work items are numbered from here: behind those of a run before it with the same workers, whose
  // answers may come late.
  std::uint64_t first_item = 0;
  bool is_followed = false;  // another run follows in the folder if all trials are done
};

// The master: keeps enough trials running to feed every worker, checkpoints each after every group,
// writes finished trials, and gathers all of them into one results file at the end.
//
// Trials start by the work they are expected to take, the longest first, and those with the most
// work left get most turns: so the last ones to end are not long ones that began late. Results
// stand in plan order whatever the order of work.
class MasterRun {
 public:
  // All references must outlive the run. Throws ConfigError, DataError or ModelError for what is
  // wrong with any trial of the plan, before anything runs.
  MasterRun(const SweepPlan& plan, const RunFolder& folder, Channel& channel, ModelPool& models,
            MasterOptions options);

  // Runs, or goes on with, the plan. Throws StoreError when results cannot be written or a
  // checkpoint cannot be used, and CommError when a worker breaks the protocol or none is left that
  // answers; what is on disk stays good.
  [[nodiscard]] RunOutcome run();

  // The number that the next work item would have.
  [[nodiscard]] std::uint64_t next_item() const { return next_item_; }

  // Tells the workers to stop and waits for their farewell. False when one did not answer in time.
  [[nodiscard]] static bool stop_workers(Channel& channel, double timeout_seconds);

 private:
  struct ActiveTrial {
    std::unique_ptr<TrialProblem> context;
    std::unique_ptr<TrialRun> run;
    EvaluationGroup group;
    std::int64_t num_groups = 0;
    std::uint64_t first_item = 0;  // ids of the open group's items: from here
    std::uint64_t end_item = 0;    // to before this
    std::set<int> told;            // workers that know the trial's settings
    double seconds_before = 0.0;   // of earlier processes
    std::chrono::steady_clock::time_point start;
    bool is_saved = false;             // the last settled group is in the checkpoint
    OpenGroup open;                    // results for the first group, from the checkpoint
    bool has_unsaved_results = false;  // of the open group
    std::chrono::steady_clock::time_point last_save;
    std::vector<FinishedGeneration> unsaved;
  };

  [[nodiscard]] RunOutcome work();
  void check_plan();
  void start_trials();
  [[nodiscard]] bool is_done_before(std::size_t index);
  void check_sources(const TrialSpec& trial, const std::string& model_fingerprint);
  void start_trial(std::size_t index);
  [[nodiscard]] bool resume(ActiveTrial& trial, const std::string& id);
  void open_group(ActiveTrial& trial);
  void advance(std::size_t index);
  void dispatch();
  void handle(const Message& message);
  void take_result(int worker, WorkResult result);
  void report_failure(int worker, const WorkResult& result, bool is_last);
  void settle(const WorkItem& item, const WorkResult& result);
  void look_after_workers();
  void give_up_items(int worker, const std::vector<WorkItem>& items, const std::string& reason);
  [[noreturn]] void end_without_workers(const std::string& reason);
  [[nodiscard]] bool absorb_group(std::size_t index);
  void finish_trial(std::size_t index);
  void save_checkpoint(ActiveTrial& trial);
  void save_checkpoints();
  void look_at_checkpoints();
  void report_generations(const ActiveTrial& trial, std::size_t index);
  void save_open_group(ActiveTrial& trial);
  void take_last_results();
  [[nodiscard]] RunOutcome stop();
  [[nodiscard]] RunOutcome finish();

  const SweepPlan& plan_;
  const RunFolder& folder_;
  Channel& channel_;
  ModelPool& models_;
  MasterOptions options_;
  RunReport report_;
  std::map<ModelIdentity, ModelMemory> model_sizes_;
  FinishedTrials finished_;
  CheckpointWriter checkpoints_;
  std::uint64_t num_checkpoints_ = 0;
  std::map<std::uint64_t, std::vector<FinishedGeneration>> saving_;  // by ticket
  Scheduler scheduler_;
  HangDetector hang_detector_;
  std::vector<std::size_t> order_;             // indices in the plan, as they are started
  std::map<std::size_t, ActiveTrial> active_;  // by index in the plan
  std::size_t num_started_ = 0;                // of order_
  std::uint64_t next_item_ = 0;
  bool is_stop_asked_ = false;  // by a worker
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_look_;
};

}  // namespace bbprompt
