#include "bbprompt/predict/choose_prompts.hpp"

#include <algorithm>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/summary.hpp"

namespace bbprompt {
namespace {

bool fits(const TrialRecord& trial, const TrialChoice& choice) {
  return trial.state == TrialState::kDone && !trial.best.prompt.point.empty() &&
         (choice.task.empty() || trial.task == choice.task) &&
         (choice.method.empty() || trial.method == choice.method);
}

bool is_learned(const TrialRecord& trial) {
  return trial.best.prompt.kind == PromptRecord::Kind::kDiscrete ||
         trial.best.prompt.kind == PromptRecord::Kind::kSoft;
}

// Of one task, the best on dev first; learned prompts where the task has any and no method is
// named.
std::vector<const TrialRecord*> ranked(const Results& results, const TrialChoice& choice) {
  std::vector<const TrialRecord*> found;
  for (const TrialRecord& trial : results.trials) {
    if (fits(trial, choice)) found.push_back(&trial);
  }
  if (choice.method.empty() &&
      std::any_of(found.begin(), found.end(),
                  [](const TrialRecord* trial) { return is_learned(*trial); }))
    std::erase_if(found, [](const TrialRecord* trial) { return !is_learned(*trial); });
  std::stable_sort(found.begin(), found.end(), [](const TrialRecord* a, const TrialRecord* b) {
    return is_better_on_dev(*a, *b);
  });
  return found;
}

std::string tasks_of(const std::vector<const TrialRecord*>& trials) {
  std::vector<std::string> tasks;
  for (const TrialRecord* trial : trials) {
    if (std::find(tasks.begin(), tasks.end(), trial->task) == tasks.end())
      tasks.push_back(trial->task);
  }
  return tasks.size() > 1 ? quoted_list(tasks) : std::string();
}

}  // namespace

std::vector<TrialRecord> choose_prompts(const Results& results, const TrialChoice& choice,
                                        int count) {
  if (count < 1)
    throw UsageError("--ensemble: expected at least 1, found " + std::to_string(count));
  const auto groups = choose_trials(results, choice);  // says what there is where nothing fits
  if (!choice.id.empty()) {
    if (count > 1)
      throw UsageError("--ensemble: expected no --trial beside it, which names one prompt");
    return {results.trials[groups.front()]};
  }
  const auto found = ranked(results, choice);
  if (const std::string tasks = tasks_of(found); !tasks.empty())
    throw UsageError("--task: expected one of the run's tasks, found none; they are " + tasks);
  if (static_cast<std::size_t>(count) > found.size()) {
    throw UsageError("--ensemble: expected at most " + std::to_string(found.size()) +
                     ", the prompts there are, found " + std::to_string(count));
  }
  std::vector<TrialRecord> chosen;
  for (int i = 0; i < count; ++i) chosen.push_back(*found[static_cast<std::size_t>(i)]);
  return chosen;
}

}  // namespace bbprompt
