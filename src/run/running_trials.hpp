#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/model_findings.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/sched/dispatch_loop.hpp"
#include "bbprompt/store/finished_trials.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"
#include "run/checkpoint_keeper.hpp"
#include "run/model_numbers.hpp"
#include "run/run_report.hpp"

namespace bbprompt {

// The trials of a run that have started and not ended: each with its problem, its state machine and
// its open group. Trials are named by their index in the plan.
class RunningTrials : public TrialSet {
 public:
  // What the trials live on; all must outlive them.
  struct Surroundings {
    const SweepPlan& plan;
    ModelPool& models;
    const ModelNumbers& model_numbers;
    const ModelFindings& findings;
    FinishedTrials& finished;
    CheckpointKeeper& checkpoints;
    RunReport& report;
    std::function<bool()> is_stop_requested;
    std::function<void(std::int32_t trial)> on_settings_changed;  // workers must be told again
    std::function<void(std::int32_t trial)> on_ended;
  };
  explicit RunningTrials(Surroundings surroundings) : around_(std::move(surroundings)) {}

  [[nodiscard]] bool may_start() override { return !around_.is_stop_requested(); }
  // Goes on from the trial's checkpoint, where it has one. Throws StoreError for one that cannot be
  // used.
  void start(std::size_t trial) override;
  [[nodiscard]] std::vector<WorkItem> next_items(std::size_t trial,
                                                 std::uint64_t first_id) override;
  [[nodiscard]] double work_left(std::size_t trial) const override;
  [[nodiscard]] int model(std::size_t trial) const override;
  [[nodiscard]] bool take(const Answer& answer) override;

  // What workers must know of a trial.
  [[nodiscard]] TrialMessage settings_of(std::int32_t trial) const;

  // Has everything that is not on disk yet saved.
  void save_all();

 private:
  using Clock = std::chrono::steady_clock;

  struct Running {
    std::unique_ptr<TrialProblem> problem;
    std::unique_ptr<TrialRun> run;
    std::optional<EvaluationGroup> group;  // the open one
    std::int64_t num_groups = 0;           // of this process
    OpenGroup known;                       // results for the first group, from the checkpoint
    double seconds_before = 0.0;           // of earlier processes
    Clock::time_point start = Clock::now();

    [[nodiscard]] CheckpointKeeper::Source source() const {
      return {.run = *run, .open = group ? &*group : nullptr};
    }
  };

  [[nodiscard]] bool resume(Running& trial, const std::string& id);
  void open_group(Running& trial);
  void absorb_group(std::size_t index);
  void end(std::size_t index);
  void report_failure(const Answer& answer);

  Surroundings around_;
  std::map<std::size_t, Running> running_;
};

}  // namespace bbprompt
