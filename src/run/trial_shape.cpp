#include "bbprompt/run/trial_shape.hpp"

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

}  // namespace

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

std::int64_t TrialShape::num_queries() const {
  const std::int64_t num_due = (num_generations + selection_every - 1) / selection_every;
  const std::int64_t num_incumbents = is_last_selected ? 0 : (num_due + 1) / 2;
  const std::int64_t num_calibrations = is_calibrated ? num_due + num_fixed : 0;
  const std::int64_t num_manual = is_manual_scored ? num_train + num_dev + num_test : 0;
  return num_generations * population_size * num_train +
         (num_due + num_incumbents + num_fixed) * num_dev + num_calibrations * num_train +
         num_train + num_test + num_manual;
}

}  // namespace bbprompt
