#pragma once

#include <span>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// A step function of the search queries: from `queries` on it has `value`.
struct CurvePoint {
  double queries = 0.0;
  double value = 0.0;
};

// Mean over trials of a column of their generations, taken as step functions that keep their last
// value. It begins where every trial has a finite value, has a point where the mean changes, and
// one at the last query. The dev metric ends with that of the prompt that was returned, which is
// known only after the last generation. Empty where some trial never has a value, or there is no
// trial.
[[nodiscard]] std::vector<CurvePoint> mean_curve(std::span<const TrialRecord* const> trials,
                                                 double GenerationRecord::*column);

}  // namespace bbprompt
