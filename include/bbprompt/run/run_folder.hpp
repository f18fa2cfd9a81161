#pragma once

#include <filesystem>
#include <memory>

#include "bbprompt/run/run_lock.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// The folder of one run (results/README.md lists its files), locked against a second run while this
// object lives.
class RunFolder {
 public:
  // Creates the folder, or opens it to go on. Throws ConfigError when it holds another
  // configuration's run (naming both and the first line that differs) and StoreError when it is not
  // writable, or another process runs in it, here or on another machine (RunLock).
  RunFolder(const std::filesystem::path& path, const SweepPlan& plan,
            const RunLockOptions& lock = {});

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool is_resumed() const { return is_resumed_; }
  // Throws StoreError once another run has taken the folder over: see RunLock.
  void check_lock() const { lock_->check(); }
  [[nodiscard]] std::filesystem::path status() const { return path_ / "status.json"; }
  [[nodiscard]] std::filesystem::path log() const { return path_ / "run.log"; }

 private:
  void check_configuration(const SweepPlan& plan) const;

  std::filesystem::path path_;
  std::unique_ptr<RunLock> lock_;
  bool is_resumed_ = false;
};

}  // namespace bbprompt
