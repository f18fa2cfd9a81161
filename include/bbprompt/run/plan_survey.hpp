#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/run/trial_shape.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// A trial of a plan, by what it will ask.
struct SurveyedTrial {
  TrialShape shape;
  Eigen::Index dimension = 0;  // of the search space
  std::size_t setting = 0;     // trials of one number share data, prompts and model
};

// Looks at every trial of a plan without asking a query. Trials that differ in their search (the
// optimizer, its budget, the selection) and their seed alone share a setting, whose context, with
// the seed of the first of them, is built once: seeds change the draw, not its size and not what
// can be wrong. `visit` sees each setting's context in the order of their first trials; where it
// returns false the survey ends there, incomplete. Throws ConfigError, DataError or ModelError for
// what is wrong with any trial.
[[nodiscard]] std::vector<SurveyedTrial> survey_plan(
    const SweepPlan& plan, ModelPool& models,
    const std::function<bool(const TrialSpec& first, TrialProblem& context)>& visit);

}  // namespace bbprompt
