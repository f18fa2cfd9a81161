#pragma once

#include <filesystem>
#include <memory>

#include "bbprompt/run/trial_context.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The fixed parts of a recorded trial once more, from its resolved configuration, whose relative
// paths start at `folder`. `models` must outlive it. Throws Error when model or data are no longer
// those of the record, and what TrialContext throws.
[[nodiscard]] std::unique_ptr<TrialContext> open_trial(const TrialRecord& record,
                                                       const std::filesystem::path& folder,
                                                       ModelPool& models);

}  // namespace bbprompt
