#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// SHA-256, in lower-case hexadecimal, over what a run found: every field of the run and its trials
// in their order, names, lengths and bit patterns included (any NaN counts as one). Left out is
// what differs between two correct executions of the same run: RunInfo's build, config_folder and
// num_ranks, and each trial's host, started_at, seconds and GenerationRecord::seconds. Two runs
// agree bit for bit exactly when their digests are equal.
[[nodiscard]] std::string digest(const Results& results);

// The same for one trial.
[[nodiscard]] std::string digest(const TrialRecord& trial);

}  // namespace bbprompt
