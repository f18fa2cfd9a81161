#include "app/test_row_finder.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/explain/open_trial.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {
namespace {

std::optional<PathRoots> known_roots(const RunInfo& run) {
  try {
    return path_roots(run);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

TestRowFinder::TestRowFinder(const std::vector<NamedResults>& runs) {
  for (const NamedResults& run : runs) {
    for (const TrialRecord& trial : run.results.trials) run_of_.try_emplace(trial.id, runs_.size());
    runs_.push_back(run.results.run);
  }
}

std::vector<std::int64_t> TestRowFinder::find(const TrialRecord& trial) {
  const auto run = run_of_.find(trial.id);
  if (run == run_of_.end()) return {};
  const auto [roots, is_new] = roots_.try_emplace(run->second);
  if (is_new) roots->second = known_roots(runs_[run->second]);
  if (!roots->second) return {};
  try {
    const ExperimentSpec spec = experiment_from_yaml(trial.config, *roots->second);
    const auto data = data_.get(spec.task, spec.few_shot, spec.seed);
    const std::string hash =
        record_hash(trial.config, trial.model_fingerprint, data_fingerprint(spec, *data));
    if (hash != trial.config_hash) return {};
    std::vector<std::int64_t> rows;
    for (const Example& example : data->test) rows.push_back(example.row);
    return rows;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace bbprompt
