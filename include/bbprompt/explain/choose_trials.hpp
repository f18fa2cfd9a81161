#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Which trials of a run to explain; an empty text sets no condition.
struct TrialChoice {
  std::string task;
  std::string method;
  std::string id;  // or the beginning of one
};

// Indices in Results::trials, ascending. With an id: that trial. Otherwise the trial that is best
// on dev in each group of finished trials: with a task alone, for each of its methods; with a
// method alone, for each task; with both, one trial; with neither, for each task, among its learned
// prompts (discrete, soft) if it has any. Throws UsageError that names the choices when nothing
// fits, and when several ids begin with the given text.
[[nodiscard]] std::vector<std::size_t> choose_trials(const Results& results,
                                                     const TrialChoice& choice);

}  // namespace bbprompt
