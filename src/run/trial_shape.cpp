#include "bbprompt/run/trial_shape.hpp"

#include <algorithm>
#include <limits>

namespace bbprompt {
namespace {

// The dev evaluations that wait behind a generation, and the train ones that calibrate them.
void append_selection(const TrialShape& shape, std::int64_t generation,
                      std::vector<EvaluationGroup::Member>& members) {
  const bool is_due =
      (generation + 1) % shape.selection_every == 0 || generation + 1 == shape.num_generations;
  if (!is_due) return;
  const bool is_incumbent_new = generation / shape.selection_every % 2 == 0;
  if (is_incumbent_new && !shape.is_last_selected)
    members.push_back({.split = Split::kDev, .point = {}, .num_examples = shape.num_dev});
  members.push_back({.split = Split::kDev, .point = {}, .num_examples = shape.num_dev});
  if (shape.is_calibrated)
    members.push_back({.split = Split::kTrain, .point = {}, .num_examples = shape.num_train});
}

void append_fixed(const TrialShape& shape, std::vector<EvaluationGroup::Member>& members) {
  for (std::int64_t i = 0; i < shape.num_fixed; ++i) {
    members.push_back({.split = Split::kDev, .point = {}, .num_examples = shape.num_dev});
    if (shape.is_calibrated)
      members.push_back({.split = Split::kTrain, .point = {}, .num_examples = shape.num_train});
  }
}

void append_final(const TrialShape& shape, std::vector<EvaluationGroup::Member>& members) {
  members.push_back({.split = Split::kTrain, .point = {}, .num_examples = shape.num_train});
  members.push_back({.split = Split::kTest, .point = {}, .num_examples = shape.num_test});
  if (!shape.is_manual_scored) return;
  const auto add_manual = [&](Split split, std::int64_t num_examples) {
    members.push_back(
        {.split = split, .point = {}, .is_manual = true, .num_examples = num_examples});
  };
  add_manual(Split::kTrain, shape.num_train);
  add_manual(Split::kDev, shape.num_dev);
  add_manual(Split::kTest, shape.num_test);
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

TrialShape trial_shape(const ExperimentSpec& spec, const TrialProblem& context,
                       std::int64_t population_size) {
  const auto size_of = [&](Split split) {
    return static_cast<std::int64_t>(context.examples(split).size());
  };
  TrialShape shape{
      .num_train = size_of(Split::kTrain),
      .num_dev = size_of(Split::kDev),
      .num_test = size_of(Split::kTest),
      .shard_size = spec.shard_size,
      .population_size = population_size,
      .num_fixed = static_cast<std::int64_t>(context.prompt_space().fixed_points().size()),
      .selection_every = spec.selection.every,
      .is_last_selected = spec.selection.rule == SelectionRule::kLast,
      .is_calibrated = context.is_calibrated(),
      .is_manual_scored = spec.is_manual_scored};
  if (population_size > 0)
    shape.num_generations = generations_paid(spec.budget, shape, context.model_info().max_tokens);
  return shape;
}

std::vector<EvaluationGroup::Member> TrialShape::group(std::int64_t index) const {
  std::vector<EvaluationGroup::Member> members;
  if (index == num_generations + 1) {
    append_final(*this, members);
    return members;
  }
  if (index < num_generations) {
    members.assign(static_cast<std::size_t>(population_size),
                   {.split = Split::kTrain, .point = {}, .num_examples = num_train});
  }
  if (index > 0) append_selection(*this, index - 1, members);
  if (index == num_generations) append_fixed(*this, members);
  return members;
}

std::int64_t TrialShape::num_queries(Split split) const {
  const std::int64_t num_due = (num_generations + selection_every - 1) / selection_every;
  const std::int64_t num_manual = is_manual_scored ? 1 : 0;
  switch (split) {
    case Split::kTrain: {
      const std::int64_t num_calibrations = is_calibrated ? num_due + num_fixed : 0;
      return (num_generations * population_size + num_calibrations + 1 + num_manual) * num_train;
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
