#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/base/enum_names.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

enum class RunState { kRunning, kStopped, kDone, kFailed };
// The states of TrialState, and before them: it has not begun.
enum class TrialStanding { kWaiting, kRunning, kDone, kFailed };
enum class WorkerState { kWorking, kHung, kLost };

// As status.json has them: "running", "stopped", ...
[[nodiscard]] std::span<const EnumName<RunState>> enum_names(RunState);
[[nodiscard]] std::span<const EnumName<TrialStanding>> enum_names(TrialStanding);
[[nodiscard]] std::span<const EnumName<WorkerState>> enum_names(WorkerState);

[[nodiscard]] TrialStanding standing_of(TrialState state);

struct TrialProgress {
  std::string id;
  TrialStanding state = TrialStanding::kWaiting;
  std::int64_t num_generations = 0;
  std::int64_t num_generations_planned = 0;
  std::int64_t num_evaluations = 0;
  std::int64_t num_queries = 0;
  std::int64_t num_queries_planned = 0;
  double incumbent_fitness = 0.0;  // NaN before the first generation
  double dev_metric = 0.0;         // NaN before the first dev evaluation
  double test_metric = 0.0;        // NaN before the end
  std::string failure;
};

// What one worker did since this process began.
struct WorkerProgress {
  int rank = 0;
  WorkerState state = WorkerState::kWorking;
  std::int64_t num_items = 0;
  std::int64_t num_failed = 0;  // of them
  std::int64_t num_queries = 0;
  double seconds = 0.0;  // in evaluations

  // NaN before it has scored anything.
  [[nodiscard]] double queries_per_second() const;
};

// Failed attempts at evaluations since this process began, of one reason.
struct FailureProgress {
  std::string reason;
  std::int64_t count = 0;
  int rank = 0;  // where it came last
};

// How far a run is. Written to status.json, shown by `bbprompt status` and the live line.
struct RunProgress {
  std::string name;
  RunState state = RunState::kRunning;
  std::string reason;      // why it stopped, where something was wrong; else empty
  std::string started_by;  // the name that the caller gave to this start; empty: none
  std::string host;
  std::int64_t process_id = 0;
  int num_workers = 0;
  double seconds = 0.0;             // since this process began
  double queries_per_second = 0.0;  // since this process began
  double seconds_left = 0.0;        // NaN while unknown
  std::int64_t updated = 0;         // seconds since 1970, UTC
  std::int64_t num_retried = 0;     // failed attempts that were followed by another
  std::int64_t num_given_up = 0;    // evaluations that failed at every attempt
  std::vector<FailureProgress> failures;
  std::vector<WorkerProgress> workers;
  std::vector<TrialProgress> trials;

  [[nodiscard]] std::int64_t count(TrialStanding phase) const;
  [[nodiscard]] std::int64_t num_queries() const;
  [[nodiscard]] std::int64_t num_queries_planned() const;
};

// A line for each trial, worker and reason; what is zero or unknown is left out. Throws StoreError
// when the file cannot be written; read_progress also when it is not what write_progress writes.
void write_progress(const std::filesystem::path& path, const RunProgress& progress);
[[nodiscard]] RunProgress read_progress(const std::filesystem::path& path);

}  // namespace bbprompt
