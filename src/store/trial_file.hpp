#pragma once

#include <filesystem>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// One finished trial (done or failed) with the run it belongs to.
struct FinishedTrial {
  RunInfo run;
  TrialRecord record;
};

// Writes the trial's file atomically. The file is immutable: where it exists already, the call does
// nothing if its record has the same digest and throws StoreError otherwise. Also throws for a
// trial that is still running, and for records that could not be read again (see checkpoint.hpp).
void write_trial(const std::filesystem::path& path, const FinishedTrial& trial);

// Throws StoreError when the file is absent, damaged, of another kind or schema version, or
// inconsistent.
[[nodiscard]] FinishedTrial read_trial(const std::filesystem::path& path);

}  // namespace bbprompt
