#pragma once

#include <cstdint>
#include <vector>

#include "bbprompt/config/experiment_spec.hpp"
#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/trial_problem.hpp"

namespace bbprompt {

// How much a trial asks, and in which groups: a trial without scores. What only scores decide is
// assumed: the search ends with its budget, every generation has the size of the first one, no
// prompt is asked twice (the cache answers none), and the incumbent is new every second time that
// dev evaluations are due.
struct TrialShape {
  std::int64_t num_train = 0;  // examples
  std::int64_t num_dev = 0;
  std::int64_t num_test = 0;
  std::int64_t shard_size = 1;
  std::int64_t population_size = 0;  // 0: no search
  std::int64_t num_generations = 0;
  std::int64_t num_fixed = 0;  // prompts of a method without a search
  std::int64_t selection_every = 1;
  bool is_last_selected = false;  // SelectionRule::kLast: incumbents are not evaluated
  bool is_calibrated = false;
  bool is_manual_scored = true;
  bool is_layer_scaled = false;  // a deep prompt: the trial begins by measuring the model's layers
  double query_weight = 1.0;     // of the trial's model beside those of other trials: its bytes
  int model = 0;                 // trials of one number ask one model

  // The measurement of layers (or none), generations (or none), what waits for dev after the last
  // one, the final evaluations.
  [[nodiscard]] std::int64_t num_groups() const {
    return (is_layer_scaled ? 1 : 0) + num_generations + 2;
  }

  // Members of a group as a TrialRun would have them; their points are empty.
  [[nodiscard]] std::vector<EvaluationGroup::Member> group(std::int64_t index) const;

  [[nodiscard]] std::int64_t num_examples(Split split) const;

  // Of all groups together, on one split or on all.
  [[nodiscard]] std::int64_t num_queries(Split split) const;
  [[nodiscard]] std::int64_t num_queries() const;
};

// Of a trial with these settings on the problem's data and prompts (the problem may be another
// trial's as far as optimizer, budget and selection go). `population_size` 0: no search.
// Generations are those that the limits on evaluations, queries and calls pay for; of tokens it is
// known only when asked what a generation takes, so each query counts as the model's longest input.
[[nodiscard]] TrialShape trial_shape(const ExperimentSpec& spec, const TrialProblem& problem,
                                     std::int64_t population_size);

}  // namespace bbprompt
