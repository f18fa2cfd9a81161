#pragma once

#include <map>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// "KEY=VALUE" of what tells trials of one task, method and place in their sweep apart besides the
// seed, by the id of the trial: settings of their configurations in their order, and where these
// are equal `model_fingerprint` and `test_rows` (of the labels of the test rows). Trials of one run
// differ in nothing; those of runs that were put together may. The experiment's name is no
// difference, nor is the folder of a model of the same fingerprint.
//
// A setting outside `task` counts for all trials of the method, a setting of a task for its trials.
// Tasks of one run may differ in such a setting where the sweep says so, but not in their model;
// those of several runs (without a configuration of the whole) may not.
// The value that all other methods have, which do not differ in it, is left out. Where there are
// more than kMaxNamedSettings, a hash stands for the rest.
using SettingDifferences = std::map<std::string, std::vector<std::string>>;
inline constexpr std::size_t kMaxNamedSettings = 4;
[[nodiscard]] SettingDifferences setting_differences(const Results& results);

// What decides how a trial's written prompt scores: its settings but those of the search, model and
// data. Of equal texts, scores of different seeds may be averaged. `kAnyTask` leaves out those of
// the task.
enum class WrittenScope { kOneTask, kAnyTask };
[[nodiscard]] std::string written_prompt_settings(const TrialRecord& trial, WrittenScope scope);

}  // namespace bbprompt
