#pragma once

#include <filesystem>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Throws StoreError naming the object when a record cannot be what a trial leaves: a prediction
// that is no label, lengths that contradict each other, negative counts, generations out of order.
// Used on what is read, and on what is about to be written, so that nothing is stored that could
// not be read again.
void check_trial(const std::filesystem::path& path, const TrialRecord& trial);

// Besides its record: as many waiting candidates as fitness values and generations, all of one
// dimension.
void check_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

}  // namespace bbprompt
