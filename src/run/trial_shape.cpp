#include "bbprompt/run/trial_shape.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "run/group_plan.hpp"

namespace bbprompt {
namespace {

// The points that wait for dev after a generation: the incumbent, if it is new, and the optimizer's
// favourite, whose train scores nobody has asked.
std::vector<WaitingPoint> waiting_after(const TrialShape& shape, std::int64_t generation) {
  const bool is_due =
      (generation + 1) % shape.selection_every == 0 || generation + 1 == shape.num_generations;
  if (!is_due) return {};
  std::vector<WaitingPoint> waiting;
  const bool is_incumbent_new = generation / shape.selection_every % 2 == 0;
  if (is_incumbent_new && !shape.is_last_selected)
    waiting.push_back({.point = {}, .is_train_known = true});
  waiting.push_back({.point = {}, .is_train_known = false});
  return waiting;
}

std::int64_t generations_paid(const BudgetOptions& budget, const TrialShape& shape,
                              std::int64_t max_tokens) {
  const std::int64_t size = shape.population_size;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  const auto restrict_to = [&](std::int64_t allowed, std::int64_t per_generation) {
    if (allowed > 0) limit = std::min(limit, allowed / per_generation);
  };
  restrict_to(budget.evaluations, size);
  restrict_to(budget.queries, size * shape.num_train);
  restrict_to(budget.calls, size * ((shape.num_train + shape.shard_size - 1) / shape.shard_size));
  restrict_to(budget.tokens, size * shape.num_train * max_tokens);
  return limit;
}

}  // namespace

TrialShape trial_shape(const ExperimentSpec& spec, const TrialProblem& problem,
                       std::int64_t population_size) {
  const auto size_of = [&](Split split) {
    return static_cast<std::int64_t>(problem.examples(split).size());
  };
  TrialShape shape{
      .num_train = size_of(Split::kTrain),
      .num_dev = size_of(Split::kDev),
      .num_test = size_of(Split::kTest),
      .shard_size = spec.shard_size,
      .population_size = population_size,
      .num_fixed = static_cast<std::int64_t>(problem.prompt_space().fixed_points().size()),
      .selection_every = spec.selection.every,
      .is_last_selected = spec.selection.rule == SelectionRule::kLast,
      .is_calibrated = problem.is_calibrated(),
      .is_manual_scored = spec.is_manual_scored,
      .is_layer_scaled = problem.needs_layer_scales()};
  if (population_size > 0)
    shape.num_generations = generations_paid(spec.budget, shape, problem.model_info().max_tokens);
  return shape;
}

std::vector<EvaluationGroup::Member> TrialShape::group(std::int64_t index) const {
  const std::int64_t generation = is_layer_scaled ? index - 1 : index;
  GroupRequest request;
  if (generation == num_generations && num_fixed > 0)
    request.waiting.resize(static_cast<std::size_t>(num_fixed));
  else if (generation > 0 && generation <= num_generations)
    request.waiting = waiting_after(*this, generation - 1);
  request.phase = next_phase({.needs_layer_scales = generation < 0,
                              .is_search_over = generation >= num_generations,
                              .is_any_waiting = !request.waiting.empty()});
  if (request.phase == Phase::kSearch)
    request.asked.resize(static_cast<std::size_t>(population_size));
  return plan_group(*this, std::move(request)).members;
}

std::int64_t TrialShape::num_examples(Split split) const {
  switch (split) {
    case Split::kTrain:
      return num_train;
    case Split::kDev:
      return num_dev;
    case Split::kTest:
      return num_test;
  }
  return 0;
}

std::int64_t TrialShape::num_queries(Split split) const {
  const std::int64_t num_due = (num_generations + selection_every - 1) / selection_every;
  const std::int64_t num_manual = is_manual_scored ? 1 : 0;
  switch (split) {
    case Split::kTrain: {
      const std::int64_t num_calibrations = is_calibrated ? num_due + num_fixed : 0;
      const std::int64_t num_scalings = is_layer_scaled ? 1 : 0;
      return (num_scalings + num_generations * population_size + num_calibrations + 1 +
              num_manual) *
             num_train;
    }
    case Split::kDev: {
      const std::int64_t num_incumbents = is_last_selected ? 0 : (num_due + 1) / 2;
      return (num_due + num_incumbents + num_fixed + num_manual) * num_dev;
    }
    case Split::kTest:
      return (1 + num_manual) * num_test;
  }
  return 0;
}

std::int64_t TrialShape::num_queries() const {
  return num_queries(Split::kTrain) + num_queries(Split::kDev) + num_queries(Split::kTest);
}

}  // namespace bbprompt
