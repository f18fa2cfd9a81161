#include "run/running_trials.hpp"

#include <utility>

#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/sched/trial_order.hpp"

namespace bbprompt {

void RunningTrials::start(std::size_t index) {
  const TrialSpec& spec = around_.plan.trials[index];
  if (around_.finished.find(spec.id) != nullptr) {
    // What made it fail may be mended: take it up again from its last checkpoint.
    around_.finished.forget(spec.id);
    logger()->info("{}: failed before, tried again", spec.id);
  }
  Running trial;
  trial.problem = std::make_unique<TrialProblem>(spec.spec, around_.models);
  trial.run = std::make_unique<TrialRun>(identity_of(spec), *trial.problem);
  const bool is_resumed = resume(trial, spec.id);
  around_.checkpoints.begin(index);
  around_.report.trial_started(index, *trial.run, is_resumed);
  running_.emplace(index, std::move(trial));
}

bool RunningTrials::resume(Running& trial, const std::string& id) {
  auto checkpoint = around_.checkpoints.read(id);
  if (!checkpoint) {
    trial.run->stamp(host_name(), utc_now());
    return false;
  }
  trial.run->restore(*checkpoint, around_.checkpoints.file_of(id).string());
  trial.known = std::move(checkpoint->open);
  trial.seconds_before = trial.run->record().seconds;
  return true;
}

// The next group, with the results that a checkpoint had for it.
void RunningTrials::open_group(Running& trial) {
  trial.group = trial.run->next_group();
  const std::size_t num_known = trial.group->restore(std::exchange(trial.known, {}));
  if (num_known == 0) return;
  logger()->info("{}: {} results of the open group are in the checkpoint, not asked again",
                 trial.run->record().id, num_known);
}

// A group whose prompts are all in the cache, or whose results the checkpoint had, is absorbed at
// once.
std::vector<WorkItem> RunningTrials::next_items(std::size_t index, std::uint64_t first_id) {
  Running& trial = running_.at(index);
  if (trial.group && !trial.run->is_finished()) absorb_group(index);
  while (!trial.run->is_finished()) {
    open_group(trial);
    if (!trial.group->is_settled())
      return trial.group->items(static_cast<std::int32_t>(index), trial.num_groups++, first_id);
    absorb_group(index);
  }
  end(index);
  return {};
}

void RunningTrials::absorb_group(std::size_t index) {
  Running& trial = running_.at(index);
  const std::vector<GenerationRecord>& generations = trial.run->record().generations;
  const std::size_t num_before = generations.size();
  const bool was_unscaled = trial.problem->needs_layer_scales();
  trial.run->absorb(*trial.group, trial.seconds_before + seconds_since(trial.start));
  if (was_unscaled && !trial.problem->needs_layer_scales())
    around_.on_settings_changed(static_cast<std::int32_t>(index));
  std::optional<FinishedGeneration> generation;
  if (generations.size() > num_before) {
    generation = {
        .trial = index, .row = generations.back(), .num_queries = trial.run->num_queries_done()};
  }
  around_.checkpoints.absorbed(index, generation);
  if (trial.run->is_finished()) return;
  const auto num_done = static_cast<std::int64_t>(generations.size());
  if (num_done % around_.plan.output.checkpoint_every == 0)
    around_.checkpoints.save(index, trial.source());
  around_.report.group_absorbed(index, *trial.run);
}

void RunningTrials::end(std::size_t index) {
  Running& trial = running_.at(index);
  around_.finished.add(trial.run->record());
  around_.checkpoints.end(index, trial.run->record());
  around_.report.trial_ended(index, *trial.run);
  around_.on_ended(static_cast<std::int32_t>(index));
  running_.erase(index);
}

double RunningTrials::work_left(std::size_t index) const {
  const TrialRun& run = *running_.at(index).run;
  return work_of(run.num_queries_planned() - run.num_queries_done(),
                 around_.model_numbers.weight(around_.plan.trials[index].spec.model));
}

int RunningTrials::model(std::size_t index) const {
  return around_.model_numbers.number(around_.plan.trials[index].spec.model);
}

bool RunningTrials::take(const Answer& answer) {
  const auto index = static_cast<std::size_t>(answer.item.trial);
  Running& trial = running_.at(index);
  report_failure(answer);
  if (!answer.is_final) {
    trial.group->keep(answer.item, answer.result);
    return false;
  }
  if (!answer.result.ok() && around_.plan.failures.policy == FailurePolicy::kFailTrial) {
    trial.run->fail_item(answer.item.split, answer.result.error);
    return true;
  }
  trial.group->settle(answer.item, answer.result);
  if (trial.group->is_settled()) return true;
  around_.checkpoints.got_result(index, trial.source());
  return false;
}

// A result that says "later" is no failure.
void RunningTrials::report_failure(const Answer& answer) {
  if (answer.result.state != WorkResult::State::kFailed) return;
  around_.report.attempt_failed({.worker = answer.worker,
                                 .trial = static_cast<std::size_t>(answer.item.trial),
                                 .item = answer.item.id,
                                 .attempt = answer.item.attempt,
                                 .reason = answer.result.error,
                                 .is_last = answer.is_final});
}

TrialMessage RunningTrials::settings_of(std::int32_t trial) const {
  const auto index = static_cast<std::size_t>(trial);
  const TrialSpec& spec = around_.plan.trials[index];
  return {.trial = trial,
          .id = spec.id,
          .resolved_yaml = spec.resolved_yaml,
          .folder = around_.plan.folder.string(),
          .data_folder = around_.plan.data_folder.string(),
          .layer_scales = running_.at(index).problem->layer_scales(),
          .findings = around_.findings.of(spec.spec.model),
          .journal = around_.findings.journal(spec.spec.model)};
}

void RunningTrials::save_all() {
  std::map<std::size_t, CheckpointKeeper::Source> sources;
  for (const auto& [index, trial] : running_) sources.emplace(index, trial.source());
  around_.checkpoints.save_all(sources);
}

}  // namespace bbprompt
