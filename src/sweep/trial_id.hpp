#pragma once

#include <string>

#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// SHA-256 of the specification's canonical text with an empty name.
[[nodiscard]] std::string trial_hash(const ExperimentSpec& spec);

// "TASK-METHOD-sSEED-HHHHHHHH", see TrialSpec::id.
[[nodiscard]] std::string trial_id(const ExperimentSpec& spec, const std::string& method,
                                   const std::string& hash);

}  // namespace bbprompt
