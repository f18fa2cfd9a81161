#pragma once

#include <vector>

#include "bbprompt/explain/choose_trials.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The `count` prompts of one task that are best on dev, the best one first: learned ones where the
// task has any and the choice names no method. With an id: that trial alone. Throws UsageError
// where the run has nothing of the kind, several tasks and none is named, or fewer prompts.
[[nodiscard]] std::vector<TrialRecord> choose_prompts(const Results& results,
                                                      const TrialChoice& choice, int count);

}  // namespace bbprompt
