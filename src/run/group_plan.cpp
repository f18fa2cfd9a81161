#include "run/group_plan.hpp"

#include <utility>

namespace bbprompt {
namespace {

EvaluationGroup::Member member(const TrialShape& shape, Split split, std::vector<double> point) {
  return {.split = split, .point = std::move(point), .num_examples = shape.num_examples(split)};
}

EvaluationGroup::Member manual_member(const TrialShape& shape, Split split) {
  return {.split = split,
          .point = {},
          .kind = WorkItem::Kind::kManual,
          .num_examples = shape.num_examples(split)};
}

EvaluationGroup::Member scaling_member(const TrialShape& shape) {
  return {.split = Split::kTrain,
          .point = {},
          .kind = WorkItem::Kind::kLayerScales,
          .num_examples = shape.num_train};
}

void add_waiting(const TrialShape& shape, WaitingPoint waiting, GroupPlan& plan) {
  const auto next = [&] { return static_cast<int>(plan.members.size()); };
  const bool is_calibrated_here = shape.is_calibrated && !waiting.is_train_known;
  plan.dev.push_back(next());
  plan.members.push_back(member(shape, Split::kDev, waiting.point));
  plan.calibration.push_back(is_calibrated_here ? next() : -1);
  if (is_calibrated_here)
    plan.members.push_back(member(shape, Split::kTrain, std::move(waiting.point)));
}

}  // namespace

Phase next_phase(const SequenceState& state) {
  if (state.needs_layer_scales) return Phase::kScaling;
  if (!state.is_search_over) return Phase::kSearch;
  return state.is_any_waiting ? Phase::kSelection : Phase::kFinal;
}

GroupPlan plan_group(const TrialShape& shape, GroupRequest request) {
  GroupPlan plan;
  if (request.phase == Phase::kScaling) plan.members.push_back(scaling_member(shape));
  for (auto& point : request.asked)
    plan.members.push_back(member(shape, Split::kTrain, std::move(point)));
  for (WaitingPoint& waiting : request.waiting) add_waiting(shape, std::move(waiting), plan);
  if (request.phase != Phase::kFinal) return plan;
  for (const Split split : kFinalSplits) plan.members.push_back(member(shape, split, request.best));
  if (!shape.is_manual_scored) return plan;
  for (const Split split : kManualSplits) plan.members.push_back(manual_member(shape, split));
  return plan;
}

}  // namespace bbprompt
