#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/run/progress.hpp"
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/sched/hang_detector.hpp"
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
  std::string started_by{};                             // what status.json calls this start
  RunInfo info;                                         // what the results say of the run
  HangOptions hang{};
  std::int64_t worker_model_bytes = 0;  // ModelPool's limit in each worker
  // Work items are numbered from here: after those of a run before it with the same workers, whose
  // answers may come late.
  std::uint64_t first_item = 0;
  // Go on where the disk is full and checkpoints cannot be kept.
  bool goes_on_when_full = false;
  bool is_followed = false;  // another run follows in the folder if all trials are done
};

// The master: works through the trials of a plan on the workers of a channel, checkpoints each
// trial after every group, writes finished trials, and gathers all of them into one results file at
// the end.
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
  MasterRun(const MasterRun&) = delete;
  MasterRun& operator=(const MasterRun&) = delete;
  ~MasterRun();

  // Runs, or goes on with, the plan. Throws StoreError when results cannot be written or a
  // checkpoint cannot be used, and CommError when a worker breaks the protocol or none is left that
  // answers; what is on disk stays good.
  [[nodiscard]] RunOutcome run();

  // The number that the next work item would have.
  [[nodiscard]] std::uint64_t next_item() const;

  // Tells the workers to stop and waits for their farewell. False when one did not answer in time.
  [[nodiscard]] static bool stop_workers(Channel& channel, double timeout_seconds);

 private:
  struct Parts;

  [[nodiscard]] RunOutcome work();
  [[nodiscard]] RunOutcome stop();
  [[noreturn]] void refuse_full_disk();
  [[nodiscard]] RunOutcome finish();

  const SweepPlan& plan_;
  const RunFolder& folder_;
  MasterOptions options_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bbprompt
