#include "run/run_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/wording.hpp"
#include "run/event_log.hpp"

namespace bbprompt {
namespace {

using nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Summing up thousands of trials at every message would cost more than handing out the work.
constexpr double kEstimateSeconds = 0.1;
// Writing status.json takes at most this share of the master's time.
constexpr double kStatusShare = 0.02;
// Reasons of failures that are kept apart; what comes later is counted under one more.
constexpr std::size_t kMaxReasons = 20;

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

double metric_of(const TrialRecord& record, const char* split) {
  const auto found = record.best.splits.find(split);
  return found == record.best.splits.end() ? kNaN : found->second.metric;
}

}  // namespace

RunReport::RunReport(const SweepPlan& plan, const RunFolder& folder,
                     const std::vector<int>& workers, RunReportOptions options)
    : options_(std::move(options)),
      status_(folder.status()),
      events_(std::make_unique<EventLog>(folder.path() / "events.jsonl")),
      start_(Clock::now()),
      last_estimate_(start_),
      next_status_(start_) {
  progress_.name = plan.name;
  progress_.started_by = options_.started_by;
  progress_.host = host_name();
  progress_.process_id = ::getpid();
  progress_.num_workers = static_cast<int>(workers.size());
  for (const int rank : workers) progress_.workers.push_back({.rank = rank});
  for (const TrialSpec& trial : plan.trials) {
    progress_.trials.push_back({.id = trial.id,
                                .incumbent_fitness = kNaN,
                                .dev_metric = kNaN,
                                .test_metric = kNaN,
                                .failure = {}});
  }
}

RunReport::~RunReport() = default;

void RunReport::run_started(bool is_resumed, const std::string& version) {
  events_->write(is_resumed ? "run_resumed" : "run_started", {{"name", progress_.name},
                                                              {"version", version},
                                                              {"host", progress_.host},
                                                              {"process_id", progress_.process_id},
                                                              {"workers", progress_.num_workers},
                                                              {"trials", progress_.trials.size()}});
}

void RunReport::run_ended(RunState state, const std::string& reason) {
  progress_.state = state;
  progress_.reason = reason;
  ordered_json fields = {{"done", progress_.count(TrialStanding::kDone)},
                         {"failed", progress_.count(TrialStanding::kFailed)},
                         {"queries", progress_.num_queries()}};
  if (!reason.empty()) fields["reason"] = reason;
  events_->write("run_" + to_string(state), fields);
  estimate();
  write_status();
}

void RunReport::trial_started(std::size_t index, const TrialRun& run, bool is_resumed) {
  show(index, run);
  const TrialRecord& record = run.record();
  const auto num_generations = record.generations.size();
  if (is_resumed) {
    logger()->info("{}: resumed after generation {} of {} ({} and {} done)", record.id,
                   num_generations, run.num_generations_planned(),
                   plural(record.usage.at("search").num_evaluations, "evaluation"),
                   plural(run.num_queries_done(), "query"));
  } else {
    logger()->info("{}: started", record.id);
  }
  events_->write(is_resumed ? "trial_resumed" : "trial_started",
                 {{"trial", record.id},
                  {"generations", num_generations},
                  {"queries", run.num_queries_done()},
                  {"queries_planned", run.num_queries_planned()}});
}

void RunReport::trial_known(std::size_t index, const TrialBrief& finished) {
  TrialProgress& shown = progress_.trials.at(index);
  shown.state = standing_of(finished.state);
  shown.failure = finished.failure;
  shown.num_queries = shown.num_queries_planned = finished.num_queries;
  shown.num_generations = shown.num_generations_planned = finished.num_generations;
  shown.num_evaluations = finished.num_evaluations;
  shown.incumbent_fitness = finished.incumbent_fitness.value_or(kNaN);
  shown.dev_metric = finished.dev_metric.value_or(kNaN);
  shown.test_metric = finished.test_metric.value_or(kNaN);
  logger()->debug("{}: {} in an earlier start, not run again", finished.id,
                  to_string(finished.state));
}

void RunReport::trial_planned(std::size_t index, const TrialShape& shape) {
  TrialProgress& shown = progress_.trials.at(index);
  shown.num_queries_planned = shape.num_queries();
  shown.num_generations_planned = shape.num_generations;
}

void RunReport::group_absorbed(std::size_t index, const TrialRun& run) { show(index, run); }

void RunReport::generation_finished(const FinishedGeneration& finished) {
  const std::string& trial = progress_.trials.at(finished.trial).id;
  const GenerationRecord& row = finished.row;
  logger()->debug("{}: generation {} finished", trial, row.generation);
  events_->write("generation", {{"trial", trial},
                                {"generation", row.generation},
                                {"best_fitness", number_or_null(row.best_fitness)},
                                {"incumbent_fitness", number_or_null(row.incumbent_fitness)},
                                {"dev_metric", number_or_null(row.dev_metric)},
                                {"queries", finished.num_queries}});
}

void RunReport::trial_ended(std::size_t index, const TrialRun& run) {
  show(index, run);
  const TrialProgress& shown = progress_.trials.at(index);
  const TrialRecord& record = run.record();
  if (record.state == TrialState::kFailed) {
    logger()->error("{}: failed: {}", record.id, record.failure);
    events_->write(
        "trial_failed",
        {{"trial", record.id}, {"reason", record.failure}, {"queries", shown.num_queries}});
    return;
  }
  const std::int64_t truncated = num_truncated(record);
  if (truncated > 0) logger()->info("{}: {}", record.id, truncation_note(truncated));
  if (const std::string flat = flat_search_note(record.generations); !flat.empty())
    logger()->warn("{}: {}", record.id, flat);
  logger()->info("{}: done, {} test {:.4f}", record.id, record.metric, shown.test_metric);
  events_->write("trial_done", {{"trial", record.id},
                                {"metric", record.metric},
                                {"dev_metric", number_or_null(shown.dev_metric)},
                                {"test_metric", number_or_null(shown.test_metric)},
                                {"queries", shown.num_queries},
                                {"seconds", record.seconds}});
}

void RunReport::checkpoint_failed(const std::string& trial, const std::string& reason) {
  logger()->error("{}; the run goes on, and the last good checkpoint stays", reason);
  events_->write("checkpoint_failed", {{"trial", trial}, {"reason", reason}});
}

void RunReport::answered(int rank, const WorkResult& result) {
  num_session_queries_ += result.usage.num_queries;
  WorkerProgress& shown = worker(rank);
  ++shown.num_items;
  shown.num_queries += result.usage.num_queries;
  shown.seconds += result.seconds;
  if (result.state == WorkResult::State::kFailed) ++shown.num_failed;
}

// A broken node fails thousands of evaluations for one reason: the reason is told once a rank, its
// repetitions go to the log only.
void RunReport::attempt_failed(const FailedAttempt& failed) {
  const bool is_new = told_failures_.insert({failed.worker, failed.reason}).second;
  logger()->log(is_new ? spdlog::level::warn : spdlog::level::debug,
                "rank {}: evaluation failed: {}", failed.worker, failed.reason);
  count_failure(failed);
  events_->write(failed.is_last ? "item_failed" : "item_retried",
                 {{"trial", progress_.trials.at(failed.trial).id},
                  {"worker", failed.worker},
                  {"item", failed.item},
                  {"attempt", failed.attempt},
                  {"reason", failed.reason}});
}

void RunReport::count_failure(const FailedAttempt& failed) {
  ++(failed.is_last ? progress_.num_given_up : progress_.num_retried);
  auto& failures = progress_.failures;
  const bool is_full = failures.size() > kMaxReasons;
  auto found = std::find_if(failures.begin(), failures.end(), [&](const FailureProgress& known) {
    return known.reason == failed.reason;
  });
  if (found == failures.end() && is_full) found = std::prev(failures.end());
  if (found == failures.end()) {
    const bool is_last_place = failures.size() == kMaxReasons;
    failures.push_back({.reason = is_last_place ? "other reasons" : failed.reason});
    found = std::prev(failures.end());
  }
  ++found->count;
  found->rank = failed.worker;
}

void RunReport::worker_hung(int rank, double allowed_seconds) {
  worker(rank).state = WorkerState::kHung;
  logger()->warn(
      "rank {}: no answer within {:.1f} s; other ranks get its work, and it gets none until it "
      "answers",
      rank, allowed_seconds);
  events_->write("worker_hung", {{"worker", rank}, {"allowed_seconds", allowed_seconds}});
}

void RunReport::worker_back(int rank) {
  worker(rank).state = WorkerState::kWorking;
  logger()->info("rank {}: answers again", rank);
  events_->write("worker_back", ordered_json::object({{"worker", rank}}));
}

void RunReport::worker_lost(int rank) {
  worker(rank).state = WorkerState::kLost;
  logger()->error("rank {}: lost; other ranks get its work", rank);
  events_->write("worker_lost", ordered_json::object({{"worker", rank}}));
}

WorkerProgress& RunReport::worker(int rank) {
  auto& workers = progress_.workers;  // ascending
  const auto found =
      std::lower_bound(workers.begin(), workers.end(), rank,
                       [](const WorkerProgress& shown, int wanted) { return shown.rank < wanted; });
  if (found != workers.end() && found->rank == rank) return *found;
  return *workers.insert(found, WorkerProgress{.rank = rank});
}

void RunReport::show(std::size_t index, const TrialRun& run) {
  const TrialRecord& record = run.record();
  TrialProgress& shown = progress_.trials.at(index);
  shown.state = standing_of(record.state);
  shown.failure = record.failure;
  shown.num_generations = static_cast<std::int64_t>(record.generations.size());
  shown.num_generations_planned = std::max(run.num_generations_planned(), shown.num_generations);
  shown.num_evaluations = record.usage.at("search").num_evaluations;
  shown.num_queries = run.num_queries_done();
  shown.num_queries_planned = std::max(run.num_queries_planned(), shown.num_queries);
  if (!record.generations.empty())
    shown.incumbent_fitness = record.generations.back().incumbent_fitness;
  shown.dev_metric = metric_of(record, "dev");
  shown.test_metric = metric_of(record, "test");
  if (run.is_finished()) shown.num_queries_planned = shown.num_queries;
}

void RunReport::estimate() {
  last_estimate_ = Clock::now();
  progress_.seconds = seconds_between(start_, last_estimate_);
  progress_.queries_per_second =
      static_cast<double>(num_session_queries_) / std::max(progress_.seconds, 1e-3);
  progress_.updated = std::time(nullptr);
  const auto planned = static_cast<double>(progress_.num_queries_planned());
  progress_.seconds_left =
      num_session_queries_ > 0
          ? (planned - static_cast<double>(progress_.num_queries())) / progress_.queries_per_second
          : kNaN;
  if (options_.on_progress) options_.on_progress(progress_);
}

void RunReport::publish() {
  if (seconds_between(last_estimate_, Clock::now()) < kEstimateSeconds) return;
  estimate();
  if (last_estimate_ >= next_status_) write_status();
}

void RunReport::write_status() {
  const auto before = Clock::now();
  try {
    write_progress(status_, progress_);
  } catch (const StoreError& error) {
    logger()->warn("{}", error.what());
  }
  const auto now = Clock::now();
  const double pause =
      std::max(options_.status_seconds, seconds_between(before, now) / kStatusShare);
  next_status_ =
      now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(pause));
}

}  // namespace bbprompt
