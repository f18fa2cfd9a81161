#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/trial_shape.hpp"

namespace bbprompt {

// The sequence of a trial's groups, and what each asks. A run (TrialRun) and the simulated plan
// (TrialShape) both plan here: a run knows the points, a simulation only how many there are.

// What a group of a trial is for.
enum class Phase {
  kScaling,    // the scales of a deep prompt's layers
  kSearch,     // a generation on train, with the dev evaluations due from the one before
  kSelection,  // dev evaluations that are left after the search
  kFinal,      // the chosen prompt and the written one on the splits they have not seen
};

struct SequenceState {
  bool needs_layer_scales = false;
  bool is_search_over = false;  // true without a search
  bool is_any_waiting = false;  // for dev
};

// Phase of the next group.
[[nodiscard]] Phase next_phase(const SequenceState& state);

// A point that waits for dev.
struct WaitingPoint {
  std::vector<double> point;
  bool is_train_known = false;  // its label means on train, which calibrate its dev scores
};

struct GroupRequest {
  Phase phase = Phase::kSearch;
  std::vector<std::vector<double>> asked;  // kSearch: points to score on train
  std::vector<WaitingPoint> waiting;       // kSearch, kSelection
  std::vector<double> best;                // kFinal: the chosen point
};

// Members of a group. Those of the `asked` points come first, in their order; then, for each
// waiting point, its dev member and the train member that calibrates it.
struct GroupPlan {
  std::vector<EvaluationGroup::Member> members;
  std::vector<int> dev;          // member of each waiting point
  std::vector<int> calibration;  // its train member; -1: none is needed
};
[[nodiscard]] GroupPlan plan_group(const TrialShape& shape, GroupRequest request);

// Order of the members of a kFinal group: those of the chosen point, then the written prompt's.
inline constexpr Split kFinalSplits[] = {Split::kTrain, Split::kTest};
inline constexpr Split kManualSplits[] = {Split::kTrain, Split::kDev, Split::kTest};

}  // namespace bbprompt
