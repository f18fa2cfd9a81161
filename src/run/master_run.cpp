#include "bbprompt/run/master_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <set>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_folder.hpp"
#include "bbprompt/store/trial_file.hpp"

namespace bbprompt {
namespace {

using Clock = std::chrono::steady_clock;

// How often the results of an open group are saved, and how long that may take at a stop.
constexpr double kOpenGroupSeconds = 60.0;
constexpr double kStopSeconds = 15.0;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  (void)std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace

MasterRun::MasterRun(const SweepPlan& plan, const RunFolder& folder, Channel& channel,
                     ModelPool& models, MasterOptions options)
    : plan_(plan),
      folder_(folder),
      channel_(channel),
      models_(models),
      options_(std::move(options)),
      start_(Clock::now()),
      last_status_(start_) {
  check_plan();
  for (const int worker : channel_.workers()) scheduler_.add_worker(worker);
  progress_.name = plan_.name;
  progress_.host = host_name();
  progress_.process_id = ::getpid();
  progress_.num_workers = static_cast<int>(channel_.workers().size());
  for (const TrialSpec& trial : plan_.trials) {
    progress_.trials.push_back({.id = trial.id, .failure = {}});
    progress_.trials.back().incumbent_fitness = kNaN;
    progress_.trials.back().dev_metric = kNaN;
    progress_.trials.back().test_metric = kNaN;
  }
}

// Seeds change the draw, not what can be wrong: one of them stands for the others.
void MasterRun::check_plan() {
  std::set<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> seen;
  for (const TrialSpec& trial : plan_.trials) {
    if (!seen.insert({trial.method, trial.axis_values}).second) continue;
    const TrialContext context(trial.spec, models_.get(trial.spec.model));
    const TrialRun run(identity_of(trial), context);
    for (const std::string& note : context.notes())
      logger()->info("{} {}: {}", trial.spec.task.name, trial.method, note);
  }
}

RunOutcome MasterRun::run() {
  while (true) {
    if (is_stop_asked_ || options_.is_stop_requested()) return stop();
    start_trials();
    if (active_.empty()) return finish();
    dispatch();
    if (const auto message = channel_.receive(0.2)) handle(*message);
    publish_progress(false);
  }
}

// Two trials a worker: while one waits for its slowest item, the other keeps the worker busy.
void MasterRun::start_trials() {
  const std::size_t max_active = 2 * std::max<std::size_t>(scheduler_.num_workers(), 1);
  while (next_trial_ < plan_.trials.size() && active_.size() < max_active)
    start_trial(next_trial_++);
}

void MasterRun::start_trial(std::size_t index) {
  const TrialSpec& spec = plan_.trials[index];
  const auto finished = trial_path(folder_.path(), spec.id);
  if (std::filesystem::exists(finished)) {
    const TrialRecord record = read_trial(finished).record;
    if (record.state == "failed") {
      // What made it fail may be mended: take it up again from its last checkpoint.
      std::filesystem::remove(finished);
      logger()->info("{}: failed before, tried again", spec.id);
    }
  }
  if (std::filesystem::exists(finished)) {
    const TrialRecord record = read_trial(finished).record;
    TrialProgress& shown = progress_.trials[index];
    shown.state = record.state;
    shown.failure = record.failure;
    for (const auto& [purpose, usage] : record.usage) shown.num_queries += usage.num_queries;
    shown.num_queries_planned = shown.num_queries;
    shown.num_generations = static_cast<std::int64_t>(record.generations.size());
    shown.num_generations_planned = shown.num_generations;
    if (const auto test = record.best.splits.find("test"); test != record.best.splits.end()) {
      shown.test_metric = test->second.metric;
    }
    logger()->info("{}: {} before, not run again", spec.id, record.state);
    return;
  }
  ActiveTrial trial;
  trial.context = std::make_unique<TrialContext>(spec.spec, models_.get(spec.spec.model));
  trial.run = std::make_unique<TrialRun>(identity_of(spec), *trial.context);
  trial.start = Clock::now();
  trial.last_save = trial.start;
  resume(trial, spec.id);
  active_.emplace(index, std::move(trial));
  advance(index);
  if (active_.count(index) > 0) update_progress(index);
}

void MasterRun::resume(ActiveTrial& trial, const std::string& id) {
  const auto file = checkpoint_path(folder_.path(), id);
  if (!has_checkpoint(file)) {
    trial.run->stamp(host_name(), utc_now());
    logger()->info("{}: started", id);
    return;
  }
  Checkpoint checkpoint = read_newest_checkpoint(file);
  trial.run->restore(checkpoint, file.string());
  trial.open = std::move(checkpoint.open);
  trial.seconds_before = trial.run->record().seconds;
  const auto& record = trial.run->record();
  logger()->info("{}: resumed behind generation {} of {} ({} evaluations, {} queries done)", id,
                 record.generations.size(), trial.run->num_generations_planned(),
                 record.usage.at("search").num_evaluations, trial.run->num_queries_done());
}

// The next group, with the results that a checkpoint had for it.
void MasterRun::open_group(ActiveTrial& trial) {
  trial.group = trial.run->next_group();
  const std::size_t num_known = trial.group.restore(std::exchange(trial.open, {}));
  if (num_known == 0) return;
  logger()->info("{}: {} results of the open group are in the checkpoint, not asked again",
                 trial.run->record().id, num_known);
}

// Submits the trial's next group. One whose prompts are all in the cache is absorbed at once.
void MasterRun::advance(std::size_t index) {
  ActiveTrial& trial = active_.at(index);
  open_group(trial);
  while (trial.group.is_settled()) {
    if (!absorb_group(index)) return;
    open_group(trial);
  }
  auto items = trial.group.items(static_cast<std::int32_t>(index), trial.num_groups++, next_item_);
  next_item_ += items.size();
  for (WorkItem& item : items) scheduler_.submit(std::move(item));
}

void MasterRun::dispatch() {
  while (auto assignment = scheduler_.next_assignment()) {
    const auto index = static_cast<std::size_t>(assignment->item.trial);
    const int worker = assignment->worker;
    if (active_.at(index).told.insert(worker).second) {
      channel_.send(worker, encode(TrialMessage{.trial = assignment->item.trial,
                                                .id = plan_.trials[index].id,
                                                .resolved_yaml = plan_.trials[index].resolved_yaml,
                                                .folder = plan_.folder.string(),
                                                .data_folder = plan_.data_folder.string()}));
    }
    channel_.send(worker, encode(ItemMessage{.item = std::move(assignment->item)}));
  }
}

void MasterRun::handle(const Message& message) {
  const RunMessage decoded = decode(message.bytes);
  if (std::holds_alternative<StopAskedMessage>(decoded)) {
    logger()->warn("rank {} was asked to stop by a signal", message.source);
    is_stop_asked_ = true;
    return;
  }
  const auto* answer = std::get_if<ResultMessage>(&decoded);
  if (answer == nullptr)
    throw CommError("rank " + std::to_string(message.source) +
                    " sent a message that only masters send");
  const WorkResult& result = answer->result;
  if (!result.ok()) report_failure(message.source, result.error);
  const auto item = scheduler_.complete(message.source, result);
  if (!item) return;
  num_session_queries_ += result.num_queries;
  const auto index = static_cast<std::size_t>(item->trial);
  ActiveTrial& trial = active_.at(index);
  trial.group.settle(*item, result);
  trial.has_unsaved_results = true;
  if (!trial.group.is_settled()) {
    save_open_group(trial);
  } else if (absorb_group(index)) {
    advance(index);
  }
}

// A broken node fails thousands of evaluations for one reason: the reason is told once a rank, its
// repetitions go to the log only.
void MasterRun::report_failure(int rank, const std::string& error) {
  const bool is_new = told_failures_.insert({rank, error}).second;
  logger()->log(is_new ? spdlog::level::warn : spdlog::level::debug,
                "rank {}: evaluation failed: {}", rank, error);
}

// Whether the trial goes on.
bool MasterRun::absorb_group(std::size_t index) {
  ActiveTrial& trial = active_.at(index);
  const std::vector<GenerationRecord>& generations = trial.run->record().generations;
  const std::size_t num_before = generations.size();
  trial.run->absorb(trial.group, trial.seconds_before + seconds_since(trial.start));
  trial.is_saved = false;
  trial.has_unsaved_results = false;
  update_progress(index);
  if (trial.run->is_finished()) {
    finish_trial(index);
    return false;
  }
  const auto num_done = static_cast<std::int64_t>(generations.size());
  if (num_done % plan_.output.checkpoint_every == 0) save_checkpoint(trial);
  if (generations.size() > num_before) {
    logger()->debug("{}: generation {} finished", trial.run->record().id,
                    generations.back().generation);
  }
  return true;
}

void MasterRun::save_checkpoint(ActiveTrial& trial) {
  const auto file = checkpoint_path(folder_.path(), trial.run->record().id);
  trial.last_save = Clock::now();
  try {
    Checkpoint checkpoint = trial.run->save();
    if (!trial.group.is_settled()) checkpoint.open = trial.group.save();
    write_checkpoint(file, checkpoint);
    trial.is_saved = true;
    trial.has_unsaved_results = false;
  } catch (const StoreError& error) {
    logger()->error("{}; going on, the last good checkpoint stays", error.what());
  }
}

// Now and then, for groups that take long; the more trials, the less often.
void MasterRun::save_open_group(ActiveTrial& trial) {
  const double interval = std::max(kOpenGroupSeconds, 0.2 * static_cast<double>(active_.size()));
  if (seconds_since(trial.last_save) > interval) save_checkpoint(trial);
}

void MasterRun::finish_trial(std::size_t index) {
  ActiveTrial& trial = active_.at(index);
  const TrialRecord& record = trial.run->record();
  write_trial(trial_path(folder_.path(), record.id), {.run = options_.info, .record = record});
  remove_checkpoint(checkpoint_path(folder_.path(), record.id));
  if (record.state == "failed") {
    logger()->error("{}: failed: {}", record.id, record.failure);
  } else {
    logger()->info("{}: done, {} test {:.4f}", record.id, record.metric,
                   record.best.splits.at("test").metric);
  }
  scheduler_.cancel_trial(static_cast<std::int32_t>(index));
  for (const int worker : trial.told) {
    channel_.send(worker, encode(ForgetMessage{.trial = static_cast<std::int32_t>(index)}));
  }
  active_.erase(index);
}

// What has come is paid for. Workers begin nothing more, so this ends. A master that is its own
// worker has nothing under way.
void MasterRun::take_last_results() {
  const std::vector<int> workers = channel_.workers();
  if (workers == std::vector<int>{channel_.rank()}) return;
  for (const int worker : workers) channel_.send(worker, encode(DropMessage{}));
  while (const auto message = channel_.receive(0.0)) handle(*message);
}

RunOutcome MasterRun::stop() {
  take_last_results();
  for (auto& [index, trial] : active_) {
    if (!trial.is_saved) save_checkpoint(trial);
  }
  // Results of open groups only save paying for them again: not at the price of a late end.
  const auto start = Clock::now();
  for (auto& [index, trial] : active_) {
    if (!trial.has_unsaved_results) continue;
    if (seconds_since(start) > kStopSeconds) break;
    save_checkpoint(trial);
  }
  progress_.state = "stopped";
  publish_progress(true);
  return RunOutcome::kStopped;
}

RunOutcome MasterRun::finish() {
  Results results{.run = options_.info, .trials = {}};
  bool is_any_failed = false;
  for (const TrialSpec& spec : plan_.trials) {
    results.trials.push_back(read_trial(trial_path(folder_.path(), spec.id)).record);
    is_any_failed = is_any_failed || results.trials.back().state != "done";
  }
  write_results(results_path(folder_.path()), results);
  progress_.state = is_any_failed ? "failed" : "done";
  publish_progress(true);
  return is_any_failed ? RunOutcome::kFailed : RunOutcome::kDone;
}

void MasterRun::update_progress(std::size_t index) {
  const TrialRun& run = *active_.at(index).run;
  const TrialRecord& record = run.record();
  TrialProgress& shown = progress_.trials[index];
  shown.state = record.state;
  shown.failure = record.failure;
  shown.num_generations = static_cast<std::int64_t>(record.generations.size());
  shown.num_generations_planned = run.num_generations_planned();
  shown.num_evaluations = record.usage.at("search").num_evaluations;
  shown.num_queries = run.num_queries_done();
  shown.num_queries_planned = std::max(run.num_queries_planned(), shown.num_queries);
  if (!record.generations.empty())
    shown.incumbent_fitness = record.generations.back().incumbent_fitness;
  const auto metric_of = [&](const char* split) {
    const auto found = record.best.splits.find(split);
    return found == record.best.splits.end() ? kNaN : found->second.metric;
  };
  shown.dev_metric = metric_of("dev");
  shown.test_metric = metric_of("test");
  if (run.is_finished()) shown.num_queries_planned = shown.num_queries;
}

void MasterRun::publish_progress(bool must_write) {
  progress_.seconds = seconds_since(start_);
  progress_.queries_per_second =
      static_cast<double>(num_session_queries_) / std::max(progress_.seconds, 1e-3);
  progress_.updated = std::time(nullptr);
  // Trials that wait will take about as long as those that are known.
  const auto num_known = static_cast<double>(progress_.trials.size()) -
                         static_cast<double>(progress_.count("waiting"));
  const double planned = static_cast<double>(progress_.num_queries_planned()) *
                         static_cast<double>(progress_.trials.size()) / std::max(num_known, 1.0);
  progress_.seconds_left =
      num_session_queries_ > 0
          ? (planned - static_cast<double>(progress_.num_queries())) / progress_.queries_per_second
          : kNaN;
  if (options_.on_progress) options_.on_progress(progress_);
  if (!must_write && seconds_since(last_status_) < options_.status_seconds) return;
  last_status_ = Clock::now();
  try {
    write_progress(folder_.status(), progress_);
  } catch (const StoreError& error) {
    logger()->warn("{}", error.what());
  }
}

bool MasterRun::stop_workers(Channel& channel, double timeout_seconds) {
  std::set<int> waiting;
  for (const int worker : channel.workers()) {
    channel.send(worker, encode(StopMessage{}));
    waiting.insert(worker);
  }
  const auto start = Clock::now();
  while (!waiting.empty() && seconds_since(start) < timeout_seconds) {
    const auto message = channel.receive(0.05);
    if (message && std::holds_alternative<ByeMessage>(decode(message->bytes)))
      waiting.erase(message->source);
  }
  return waiting.empty();
}

}  // namespace bbprompt
