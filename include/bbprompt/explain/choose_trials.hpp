#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Which trials of a run are meant; empty texts leave it open.
struct TrialChoice {
  std::string task;
  std::string method;
  std::string id;  // or the beginning of one
};

// Indices in Results::trials, in their order. An id: that trial. Else the trials that are best on
// dev among the done ones of their group: with a task alone, of each of its methods; with a method
// alone, of each task; with both, one; with neither, of each task, where only learned prompts
// (discrete, soft) count if there are any. Throws UsageError, naming what there is, when nothing
// fits, and when several ids begin alike.
[[nodiscard]] std::vector<std::size_t> choose_trials(const Results& results,
                                                     const TrialChoice& choice);

}  // namespace bbprompt
