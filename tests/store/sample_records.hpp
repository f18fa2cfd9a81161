#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"
#include "store/trial_file.hpp"

namespace bbprompt::testing {

// Records whose every field holds a value of its own; check_layout.py states the same values
// again, read with h5py.
RunInfo sample_run();
TrialRecord sample_trial(const std::string& id = "trec-soft-s1");
Results sample_results();  // a done trial, a failed one, one with all arrays empty
Checkpoint sample_checkpoint();

inline FinishedTrial sample_finished(const std::string& id = "trec-soft-s1") {
  return {.run = sample_run(), .record = sample_trial(id)};
}

}  // namespace bbprompt::testing
