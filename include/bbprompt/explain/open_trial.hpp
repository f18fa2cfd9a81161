#pragma once

#include <filesystem>
#include <memory>

#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/run/trial_context.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Where relative paths of the run's configuration start: the folder of its file, and the data
// folder it names, or else the one of this machine (find_data_folder).
[[nodiscard]] PathRoots path_roots(const RunInfo& run);

// Builds the fixed parts of a recorded trial again, from its resolved configuration. `models` must
// outlive the result. Throws Error when model or data are no longer those of the record, and what
// TrialContext throws.
[[nodiscard]] std::unique_ptr<TrialContext> open_trial(const TrialRecord& record,
                                                       const PathRoots& roots, ModelPool& models);

}  // namespace bbprompt
