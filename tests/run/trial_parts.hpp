#pragma once

#include "bbprompt/model/model_pool.hpp"
#include "bbprompt/run/trial_evaluator.hpp"
#include "bbprompt/run/trial_problem.hpp"

namespace bbprompt::testing {

// A trial as a worker has it: its problem, the layers of a deep prompt scaled, and its evaluator.
struct TrialParts {
  TrialParts(const ExperimentSpec& spec, ModelPool& models)
      : problem(spec, models.view(spec.model)), evaluator(problem, models.get(spec.model)) {
    complete_layer_scales(problem, models.get(spec.model));
  }

  TrialProblem problem;
  TrialEvaluator evaluator;
};

}  // namespace bbprompt::testing
