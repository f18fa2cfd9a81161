#pragma once

#include <map>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "tests/run/small_experiment.hpp"
#include "tests/run/trial_parts.hpp"

namespace bbprompt::testing {

// The small experiment with a discrete prompt of whole words.
inline ExperimentSpec small_discrete_experiment() {
  ExperimentSpec spec = small_experiment();
  spec.prompt.kind = PromptKind::kDiscrete;
  spec.prompt.discrete.num_candidates = 20;
  spec.prompt.discrete.dimension_per_token = 4;
  spec.task.manual_prompt = "A film review:";
  return spec;
}

// Runs a trial to its end in this process, once for each experiment.
inline TrialRecord finished_trial(TrialProblem& problem, TrialEvaluator& evaluator) {
  static std::map<std::string, TrialRecord> finished;
  const std::string experiment = to_yaml(problem.spec());
  if (const auto known = finished.find(experiment); known != finished.end()) return known->second;
  TrialRun run({.id = "trial", .method = "method", .resolved_yaml = to_yaml(problem.spec())},
               problem);
  while (!run.is_finished()) {
    auto group = run.next_group();
    for (const WorkItem& item : group.items(0, 0, 0)) group.settle(item, evaluator.run(item));
    run.absorb(group, 1.0);
  }
  if (run.record().state != TrialState::kDone) throw Error(run.record().failure);
  return finished[experiment] = run.record();
}

}  // namespace bbprompt::testing
