#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bbprompt/run/run_lock.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// How a plan differs from the one before it in a folder, in trials.
struct PlanChange {
  std::size_t num_kept = 0;      // in both
  std::size_t num_new = 0;       // in the new one alone
  std::size_t num_left_out = 0;  // in the old one alone
};

// The plan that a run's folder holds, compared with another one.
struct PlanInFolder {
  bool is_resumed = false;           // the folder holds a run
  std::optional<PlanFile> before;    // its plan, where it can be told
  std::optional<PlanChange> change;  // none where both are the same, and for a new folder
};

// Looks into a folder, which need not exist, without changing or locking it. Throws ConfigError
// where RunFolder would refuse the plan, and StoreError where the folder is damaged.
[[nodiscard]] PlanInFolder check_run_folder(const std::filesystem::path& path,
                                            const SweepPlan& plan);

// The folder of one run (results/README.md lists its files), locked against a second run while this
// object lives.
class RunFolder {
 public:
  // Creates the folder, or opens it to go on. A plan of the folder's experiment that has a trial in
  // common with the folder's plan, same id and same settings, takes its place: what is there of its
  // trials is used, what is there of other trials stays as it is, and an earlier results file
  // becomes a pack. Throws ConfigError when the folder holds any other plan (naming
  // both and the first line that differs) and StoreError when it is not writable, when another
  // process runs in it, here or on another machine (RunLock), or when it holds something that is
  // not of a run and has the name of a file that the run writes (run/own_files.hpp).
  RunFolder(const std::filesystem::path& path, const SweepPlan& plan,
            const RunLockOptions& lock = {});

  // Goes on with another plan, under the same lock. Throws as the constructor does.
  void take_plan(const SweepPlan& plan);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool is_resumed() const { return found_.is_resumed; }
  // What the plan changed; none for a new run, and for one that goes on with its own plan.
  [[nodiscard]] const std::optional<PlanChange>& change() const { return found_.change; }
  // Throws StoreError once another run has taken the folder over: see RunLock.
  void check_lock() const { lock_->check(); }
  [[nodiscard]] std::filesystem::path status() const { return path_ / "status.json"; }
  [[nodiscard]] std::filesystem::path log() const { return path_ / "run.log"; }

 private:
  void write_configuration(const SweepPlan& plan) const;

  std::filesystem::path path_;
  std::unique_ptr<RunLock> lock_;
  PlanInFolder found_;
};

}  // namespace bbprompt
