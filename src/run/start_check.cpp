#include "run/start_check.hpp"

#include <set>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/plan_survey.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/sched/trial_order.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

// The trial's result in the folder. A failed one is none: the trial is tried again.
const TrialBrief* result_of(const TrialSpec& trial, const FinishedTrials& finished) {
  const TrialBrief* brief = finished.find(trial.id);
  return brief == nullptr || brief->state == TrialState::kFailed ? nullptr : brief;
}

void check_sources(const TrialSpec& trial, const TrialBrief& finished,
                   const StartCheckInputs& inputs) {
  const auto data =
      inputs.models.task_data().get(trial.spec.task, trial.spec.few_shot, trial.spec.seed);
  const std::string now =
      record_hash(trial.resolved_yaml, inputs.models.view(trial.spec.model)->info().fingerprint,
                  data_fingerprint(trial.spec, *data));
  if (finished.config_hash == now) return;
  throw StoreError(inputs.folder.path().string(),
                   "finished trial " + trial.id + " has configuration, model and data " +
                       finished.config_hash.substr(0, 12) + "; they are " + now.substr(0, 12) +
                       " now. The model folder or the data files changed since; use another "
                       "output folder");
}

// A process that ended between a trial's record and the removal of its checkpoints left them.
void remove_spent_checkpoints(const StartCheckInputs& inputs) {
  const std::filesystem::path& folder = inputs.folder.path();
  for (const TrialSpec& trial : inputs.plan.trials) {
    const std::filesystem::path file = checkpoint_path(folder, trial.id);
    if (result_of(trial, inputs.finished) != nullptr && has_checkpoint(file))
      remove_checkpoint(file);
  }
}

}  // namespace

std::vector<std::size_t> check_start(const StartCheckInputs& inputs) {
  const std::vector<TrialSpec>& trials = inputs.plan.trials;
  bool is_stopped = inputs.is_stop_requested();
  const auto surveyed =
      survey_plan(inputs.plan, inputs.models, [&](const TrialSpec& first, TrialProblem& problem) {
        for (const std::string& note : problem.notes())
          logger()->info("{} {}: {}", first.spec.task.name, first.method, note);
        is_stopped = is_stopped || inputs.is_stop_requested();
        return !is_stopped;
      });
  if (is_stopped) return {};
  std::vector<double> work;
  work.reserve(trials.size());
  std::set<std::size_t> checked;  // settings: seeds of one share model and data
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const TrialShape& shape = surveyed[i].shape;
    work.push_back(work_of(shape.num_queries(), shape.query_weight));
    inputs.report.trial_planned(i, shape);
    const TrialBrief* result = result_of(trials[i], inputs.finished);
    if (result != nullptr && checked.insert(surveyed[i].setting).second)
      check_sources(trials[i], *result, inputs);
  }
  std::vector<std::size_t> order = start_order(work);
  std::erase_if(order, [&](std::size_t i) {
    const TrialBrief* result = result_of(trials[i], inputs.finished);
    if (result != nullptr) inputs.report.trial_known(i, *result);
    return result != nullptr;
  });
  remove_spent_checkpoints(inputs);
  if (inputs.finished.size() > 0)
    logger()->info("finished before: {}",
                   plural(static_cast<std::int64_t>(inputs.finished.size()), "trial"));
  return order;
}

}  // namespace bbprompt
