#pragma once

#include <filesystem>
#include <memory>

#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/run/trial_evaluator.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Where relative paths of the run's configuration start: the folder of its file, and the data
// folder it names, or else the one of this machine (find_data_folder).
[[nodiscard]] PathRoots path_roots(const RunInfo& run);

// A recorded trial that can be asked again.
struct OpenedTrial {
  std::unique_ptr<TrialProblem> problem;
  std::unique_ptr<TrialEvaluator> evaluator;
};

// The trial from its resolved configuration; loads its model. `models` must outlive it. Throws
// Error when model or data are no longer those of the record, and what TrialProblem throws.
// `server`: how a model server is asked (server_of_document()), which the record leaves open.
[[nodiscard]] OpenedTrial open_trial(const TrialRecord& record, const PathRoots& roots,
                                     ModelPool& models, const ServerOptions& server = {});

}  // namespace bbprompt
