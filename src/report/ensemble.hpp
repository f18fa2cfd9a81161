#pragma once

#include <cstdint>
#include <vector>

#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/task/split_score.hpp"

namespace bbprompt {

// What predictions of a trial's task reach.
[[nodiscard]] SplitEvaluation split_evaluation(const TrialRecord& trial,
                                               const std::vector<std::int32_t>& gold,
                                               SplitScore score);

// Adds the ensembles of rescore.hpp to rescored trials, after them. Throws UsageError where no
// method has `size` trials with equal gold labels of test.
void add_ensembles(Results& results, int size);

}  // namespace bbprompt
