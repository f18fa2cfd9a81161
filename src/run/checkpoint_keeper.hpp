#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/store/checkpoint_writer.hpp"
#include "run/run_report.hpp"

namespace bbprompt {

// Keeps the checkpoints of running trials: which trial has something to save, when it is saved, and
// what is safely on disk. A generation counts as finished, in log and events, when a checkpoint on
// disk has it. Trials are named by their index in the plan.
class CheckpointKeeper {
 public:
  // What a checkpoint of a trial is made of.
  struct Source {
    const TrialRun& run;
    const EvaluationGroup* open = nullptr;  // its group that is out; null: none
  };

  // `report` must outlive the keeper.
  CheckpointKeeper(std::filesystem::path folder, std::string version, RunReport& report);

  [[nodiscard]] std::filesystem::path file_of(const std::string& id) const;
  // The newest checkpoint of a trial; nothing where there is none. Throws StoreError for one that
  // cannot be read or that another version of bbprompt wrote.
  [[nodiscard]] std::optional<Checkpoint> read(const std::string& id) const;

  void begin(std::size_t trial);
  // A group of the trial was absorbed, and a generation by it where one is given.
  void absorbed(std::size_t trial, const std::optional<FinishedGeneration>& generation);
  // A result of the trial's open group came in. Saves it now and then, for groups that take long.
  void got_result(std::size_t trial, const Source& source);
  void save(std::size_t trial, const Source& source);
  // The trial has ended and its record is safe. A failed trial keeps its checkpoint: it is taken up
  // from there when the run goes on.
  void end(std::size_t trial, const TrialRecord& record);

  // Whether a checkpoint could not be kept for want of space: what is paid from here on may be
  // lost.
  [[nodiscard]] bool is_disk_full() const { return is_disk_full_; }

  // Tells what became of the checkpoints that were handed to the disk.
  void look();

  // Saves what is not on disk yet, of all running trials, and waits for the disk.
  void save_all(const std::map<std::size_t, Source>& sources);

 private:
  using Clock = std::chrono::steady_clock;

  struct State {
    bool is_saved = false;             // the last absorbed group is in a checkpoint
    bool has_unsaved_results = false;  // of the open group
    Clock::time_point last_save = Clock::now();
    std::vector<FinishedGeneration> unsaved;
  };

  void report_all(std::size_t trial);

  std::filesystem::path folder_;
  std::string version_;
  RunReport& report_;
  CheckpointWriter writer_;
  std::map<std::size_t, State> states_;  // of running trials
  bool is_disk_full_ = false;
  std::uint64_t num_checkpoints_ = 0;                                // the last ticket
  std::map<std::uint64_t, std::vector<FinishedGeneration>> saving_;  // by ticket
};

}  // namespace bbprompt
