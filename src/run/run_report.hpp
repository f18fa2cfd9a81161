#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/run/progress.hpp"
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/run/trial_shape.hpp"
#include "bbprompt/sched/work_item.hpp"
#include "bbprompt/store/finished_trials.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

class EventLog;

struct RunReportOptions {
  std::function<void(const RunProgress&)> on_progress;  // several times a second; must be quick
  double status_seconds = 2.0;                          // between writes of status.json, at least
  std::string started_by;                               // what status.json calls this start
};

// An attempt at a work item that failed.
struct FailedAttempt {
  int worker = 0;
  std::size_t trial = 0;  // index in the plan
  std::uint64_t item = 0;
  std::int32_t attempt = 0;
  std::string reason;
  bool is_last = false;  // the evaluation has failed for good
};

struct FinishedGeneration {
  std::size_t trial = 0;  // index in the plan
  GenerationRecord row;
  std::int64_t num_queries = 0;  // of the trial by then
};

// Tells of a run what people and programs want to know while it goes on: the log, events.jsonl and
// status.json in its folder (results/README.md). Nothing depends on it: what cannot be written is
// logged, and the run goes on.
class RunReport {
 public:
  RunReport(const SweepPlan& plan, const RunFolder& folder, const std::vector<int>& workers,
            RunReportOptions options);
  RunReport(const RunReport&) = delete;
  RunReport& operator=(const RunReport&) = delete;
  ~RunReport();

  void run_started(bool is_resumed, const std::string& version);
  void run_ended(RunState state, const std::string& reason = {});

  // What a waiting trial will take: the time left is judged by it.
  void trial_planned(std::size_t index, const TrialShape& shape);
  void trial_started(std::size_t index, const TrialRun& run, bool is_resumed);
  void trial_known(std::size_t index, const TrialBrief& finished);  // it had ended before
  void group_absorbed(std::size_t index, const TrialRun& run);
  void generation_finished(const FinishedGeneration& finished);  // a checkpoint on disk has it
  void trial_ended(std::size_t index, const TrialRun& run);
  void checkpoint_failed(const std::string& trial, const std::string& reason);

  void answered(int worker, const WorkResult& result);
  void attempt_failed(const FailedAttempt& failed);
  void worker_hung(int worker, double allowed_seconds);
  void worker_back(int worker);
  void worker_lost(int worker);

  // Shows and writes the progress, if it is time for it.
  void publish();

 private:
  using Clock = std::chrono::steady_clock;

  void show(std::size_t index, const TrialRun& run);
  [[nodiscard]] WorkerProgress& worker(int rank);
  void count_failure(const FailedAttempt& failed);
  void estimate();
  void write_status();

  RunReportOptions options_;
  std::filesystem::path status_;
  std::unique_ptr<EventLog> events_;
  RunProgress progress_;
  std::set<std::pair<int, std::string>> told_failures_;
  std::int64_t num_session_queries_ = 0;
  Clock::time_point start_;
  Clock::time_point last_estimate_;
  Clock::time_point next_status_;
};

}  // namespace bbprompt
