#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Whether the trial subtracts anything from its label scores: `scoring.calibration` other than
// none. False for a configuration that does not say.
[[nodiscard]] bool is_calibrated(const TrialRecord& trial);

// What two trials must have in common to differ in calibration alone: task, metric, seed, model and
// the configuration without its name and `scoring`.
[[nodiscard]] std::string all_but_scoring(const TrialRecord& trial);

// The resolved configuration with another scoring.calibration.
[[nodiscard]] std::string with_calibration(const std::string& config,
                                           const std::string& calibration);

}  // namespace bbprompt
