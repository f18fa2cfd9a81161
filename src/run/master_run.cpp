#include "bbprompt/run/master_run.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/run/plan_survey.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/trial_evaluator.hpp"
#include "bbprompt/sched/trial_order.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/run_folder.hpp"

namespace bbprompt {
namespace {

using Clock = std::chrono::steady_clock;

// How often the results of an open group are saved, and how long that may take at a stop.
constexpr double kOpenGroupSeconds = 60.0;
constexpr double kStopSeconds = 15.0;

// A worker's models as the scheduler counts them: so many of the largest fit into its memory.
int models_per_worker(const std::map<ModelIdentity, ModelMemory>& model_sizes,
                      std::int64_t worker_model_bytes) {
  if (worker_model_bytes <= 0) return 0;
  std::int64_t largest = 1;
  for (const auto& [model, memory] : model_sizes) largest = std::max(largest, memory.sum());
  return static_cast<int>(std::clamp<std::int64_t>(worker_model_bytes / largest, 1, 1000));
}

std::map<ModelIdentity, ModelMemory> sizes_of_models(const SweepPlan& plan, ModelPool& models) {
  std::map<ModelIdentity, ModelMemory> sizes;
  for (const TrialSpec& trial : plan.trials) {
    const auto [known, is_new] = sizes.try_emplace(ModelIdentity(trial.spec.model));
    if (is_new) known->second = models.view(trial.spec.model)->memory();
  }
  return sizes;
}

}  // namespace

MasterRun::MasterRun(const SweepPlan& plan, const RunFolder& folder, Channel& channel,
                     ModelPool& models, MasterOptions options)
    : plan_(plan),
      folder_(folder),
      channel_(channel),
      models_(models),
      options_(std::move(options)),
      report_(plan, folder, channel.workers(),
              {.on_progress = options_.on_progress, .status_seconds = options_.status_seconds}),
      model_sizes_(sizes_of_models(plan, models)),
      finished_(folder.path(), options_.info),
      scheduler_(
          {.max_attempts = plan.failures.max_attempts,
           .models_per_worker = models_per_worker(model_sizes_, options_.worker_model_bytes)}),
      hang_detector_(options_.hang),
      next_item_(options_.first_item),
      start_(Clock::now()),
      last_look_(start_) {
  check_plan();
  for (const int worker : channel_.workers()) scheduler_.add_worker(worker);
}

// Nothing is started after a stop was asked for: then the order stays empty.
void MasterRun::check_plan() {
  bool is_stopped = options_.is_stop_requested();
  std::map<ModelIdentity, std::string> fingerprints;
  const auto trials =
      survey_plan(plan_, models_, [&](const TrialSpec& first, TrialProblem& context) {
        for (const std::string& note : context.notes())
          logger()->info("{} {}: {}", first.spec.task.name, first.method, note);
        fingerprints.emplace(ModelIdentity(first.spec.model), context.model_info().fingerprint);
        is_stopped = is_stopped || options_.is_stop_requested();
        return !is_stopped;
      });
  if (is_stopped) return;
  std::vector<double> costs;
  costs.reserve(trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    costs.push_back(work_of(trials[i].shape.num_queries(), trials[i].shape.query_weight));
    report_.trial_planned(i, trials[i].shape);
  }
  std::set<std::size_t> checked;  // settings: seeds of one share model and data
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const TrialSpec& trial = plan_.trials[i];
    const TrialBrief* finished = finished_.find(trial.id);
    if (finished == nullptr || finished->state == "failed") continue;
    if (checked.insert(trials[i].setting).second)
      check_sources(trial, fingerprints.at(ModelIdentity(trial.spec.model)));
  }
  order_ = start_order(costs);
  std::erase_if(order_, [&](std::size_t i) { return is_done_before(i); });
  if (finished_.size() > 0) logger()->info("{} trials have finished before", finished_.size());
}

// Refuses results of another model or other data: they would stand in one table with those to come.
void MasterRun::check_sources(const TrialSpec& trial, const std::string& model_fingerprint) {
  const auto data = models_.task_data().get(trial.spec.task, trial.spec.few_shot, trial.spec.seed);
  const std::string now =
      record_hash(trial.resolved_yaml, model_fingerprint, data_fingerprint(trial.spec, *data));
  const std::string& before = finished_.find(trial.id)->config_hash;
  if (before == now) return;
  throw StoreError(folder_.path().string(),
                   "finished trial " + trial.id + " has configuration, model and data " +
                       before.substr(0, 12) + "; they are " + now.substr(0, 12) +
                       " now. The model folder or the data files changed since; use another "
                       "output folder");
}

// Whether the folder has the trial's result, which is shown then. A failed one is tried again.
bool MasterRun::is_done_before(std::size_t index) {
  const TrialBrief* finished = finished_.find(plan_.trials[index].id);
  if (finished == nullptr || finished->state == "failed") return false;
  report_.trial_known(index, *finished);
  return true;
}

RunOutcome MasterRun::run() {
  report_.run_started(folder_.is_resumed(), options_.info.version);
  try {
    return work();
  } catch (const Error& error) {
    report_.run_ended("stopped", error.what());
    throw;
  }
}

RunOutcome MasterRun::work() {
  while (true) {
    if (is_stop_asked_ || options_.is_stop_requested()) return stop();
    start_trials();
    if (active_.empty() && num_started_ == order_.size()) return finish();
    look_after_workers();
    dispatch();
    look_at_checkpoints();
    if (const auto message = channel_.receive(0.2)) handle(*message);
    report_.publish();
  }
}

void MasterRun::start_trials() {
  const std::size_t max_active = max_active_trials(scheduler_.num_workers());
  while (num_started_ < order_.size() && active_.size() < max_active) {
    if (options_.is_stop_requested()) return;
    start_trial(order_[num_started_++]);
  }
}

void MasterRun::start_trial(std::size_t index) {
  const TrialSpec& spec = plan_.trials[index];
  if (finished_.find(spec.id) != nullptr) {
    // What made it fail may be mended: take it up again from its last checkpoint.
    finished_.forget(spec.id);
    logger()->info("{}: failed before, tried again", spec.id);
  }
  ActiveTrial trial;
  trial.context = std::make_unique<TrialProblem>(spec.spec, models_);
  if (trial.context->needs_layer_scales())
    complete_layer_scales(*trial.context, models_.get(spec.spec.model));
  trial.run = std::make_unique<TrialRun>(identity_of(spec), *trial.context);
  trial.start = Clock::now();
  trial.last_save = trial.start;
  const bool is_resumed = resume(trial, spec.id);
  report_.trial_started(index, *trial.run, is_resumed);
  const auto model = model_sizes_.find(ModelIdentity(spec.spec.model));
  scheduler_.set_trial_model(static_cast<std::int32_t>(index),
                             static_cast<int>(std::distance(model_sizes_.begin(), model)));
  active_.emplace(index, std::move(trial));
  advance(index);
}

bool MasterRun::resume(ActiveTrial& trial, const std::string& id) {
  const auto file = checkpoint_path(folder_.path(), id);
  if (!has_checkpoint(file)) {
    trial.run->stamp(host_name(), utc_now());
    return false;
  }
  Checkpoint checkpoint = read_newest_checkpoint(file);
  if (!checkpoint.version.empty() && checkpoint.version != options_.info.version) {
    throw StoreError(file.string(), "checkpoint of bbprompt " + checkpoint.version +
                                        "; this is bbprompt " + options_.info.version +
                                        ", whose results may differ. Go on with the version that "
                                        "wrote it, or use another output folder");
  }
  trial.run->restore(checkpoint, file.string());
  trial.open = std::move(checkpoint.open);
  trial.seconds_before = trial.run->record().seconds;
  return true;
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
  const auto number = static_cast<std::int32_t>(index);
  const ModelIdentity model(plan_.trials[index].spec.model);
  const std::int64_t bytes = model_sizes_.at(model).weights;
  const std::int64_t left = trial.run->num_queries_planned() - trial.run->num_queries_done();
  scheduler_.set_trial_cost(number, work_of(left, static_cast<double>(bytes)));
  auto items = trial.group.items(number, trial.num_groups++, next_item_);
  trial.first_item = next_item_;
  next_item_ += items.size();
  trial.end_item = next_item_;
  for (WorkItem& item : items) scheduler_.submit(std::move(item));
}

// Whether the trial goes on.
bool MasterRun::absorb_group(std::size_t index) {
  ActiveTrial& trial = active_.at(index);
  const std::vector<GenerationRecord>& generations = trial.run->record().generations;
  const std::size_t num_before = generations.size();
  trial.run->absorb(trial.group, trial.seconds_before + seconds_since(trial.start));
  trial.is_saved = false;
  trial.has_unsaved_results = false;
  if (trial.run->is_finished()) {
    finish_trial(index);
    return false;
  }
  const auto num_done = static_cast<std::int64_t>(generations.size());
  if (generations.size() > num_before) {
    trial.unsaved.push_back(
        {.trial = index, .row = generations.back(), .num_queries = trial.run->num_queries_done()});
  }
  if (num_done % plan_.output.checkpoint_every == 0) save_checkpoint(trial);
  report_.group_absorbed(index, *trial.run);
  return true;
}

void MasterRun::save_checkpoint(ActiveTrial& trial) {
  const std::string& id = trial.run->record().id;
  trial.last_save = Clock::now();
  try {
    Checkpoint checkpoint = trial.run->save();
    checkpoint.version = options_.info.version;
    if (!trial.group.is_settled()) checkpoint.open = trial.group.save();
    checkpoints_.write(checkpoint_path(folder_.path(), id), checkpoint, ++num_checkpoints_);
    if (!trial.unsaved.empty()) saving_.emplace(num_checkpoints_, std::exchange(trial.unsaved, {}));
    trial.is_saved = true;
    trial.has_unsaved_results = false;
  } catch (const StoreError& error) {
    report_.checkpoint_failed(id, error.what());
  }
}

// What became of the checkpoints that were handed over.
void MasterRun::look_at_checkpoints() {
  for (const std::uint64_t ticket : checkpoints_.take_written()) {
    const auto saved = saving_.extract(ticket);
    if (saved.empty()) continue;
    for (const auto& generation : saved.mapped()) report_.generation_finished(generation);
  }
  for (const CheckpointProblem& problem : checkpoints_.take_problems()) {
    if (problem.is_written) {
      logger()->warn("{}", problem.reason);
    } else {
      report_.checkpoint_failed(problem.trial, problem.reason);
    }
  }
}

// Now and then, for groups that take long; the more trials, the less often.
void MasterRun::save_open_group(ActiveTrial& trial) {
  const double interval = std::max(kOpenGroupSeconds, 0.2 * static_cast<double>(active_.size()));
  if (seconds_since(trial.last_save) > interval) save_checkpoint(trial);
}

void MasterRun::save_checkpoints() {
  checkpoints_.flush();
  for (auto& [index, trial] : active_) {
    const auto file = checkpoint_path(folder_.path(), trial.run->record().id);
    if (!trial.is_saved || checkpoints_.has_failed(file)) save_checkpoint(trial);
  }
  checkpoints_.flush();
  // Results of open groups only save paying for them again: not at the price of a late end.
  const auto start = Clock::now();
  for (auto& [index, trial] : active_) {
    if (!trial.has_unsaved_results) continue;
    if (seconds_since(start) > kStopSeconds) break;
    save_checkpoint(trial);
    checkpoints_.flush();
  }
  look_at_checkpoints();
}

// Those that no checkpoint on disk has yet are in the finished trial's file.
void MasterRun::report_generations(const ActiveTrial& trial, std::size_t index) {
  look_at_checkpoints();
  std::erase_if(saving_, [&](const auto& entry) {
    if (entry.second.front().trial != index) return false;
    for (const auto& generation : entry.second) report_.generation_finished(generation);
    return true;
  });
  for (const auto& generation : trial.unsaved) report_.generation_finished(generation);
}

// A failed trial keeps its checkpoint: it is taken up from there when the run goes on.
void MasterRun::finish_trial(std::size_t index) {
  ActiveTrial& trial = active_.at(index);
  const TrialRecord& record = trial.run->record();
  finished_.add(record);
  if (record.state == "done") checkpoints_.remove(checkpoint_path(folder_.path(), record.id));
  report_generations(trial, index);
  report_.trial_ended(index, *trial.run);
  const auto number = static_cast<std::int32_t>(index);
  scheduler_.cancel_trial(number);
  hang_detector_.forget_trial(number);
  for (const int worker : trial.told) channel_.send(worker, encode(ForgetMessage{.trial = number}));
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
  save_checkpoints();
  report_.run_ended("stopped");
  return RunOutcome::kStopped;
}

RunOutcome MasterRun::finish() {
  std::vector<std::string> ids;
  bool is_any_failed = false;
  for (const TrialSpec& spec : plan_.trials) {
    ids.push_back(spec.id);
    const TrialBrief* finished = finished_.find(spec.id);
    is_any_failed = is_any_failed || finished == nullptr || finished->state != "done";
  }
  finished_.consolidate(ids);
  if (is_any_failed || !options_.is_followed) report_.run_ended(is_any_failed ? "failed" : "done");
  return is_any_failed ? RunOutcome::kFailed : RunOutcome::kDone;
}

}  // namespace bbprompt
