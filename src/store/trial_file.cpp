#include "store/trial_file.hpp"

#include <utility>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "store/record_file.hpp"
#include "store/sealed_file.hpp"

namespace bbprompt {
namespace {

void expect_finished(const std::filesystem::path& path, const TrialRecord& record) {
  if (record.state == TrialState::kRunning) {
    throw StoreError(path.string(),
                     "expected a trial that is done or failed, found one still running");
  }
}

}  // namespace

void write_trial(const std::filesystem::path& path, const FinishedTrial& trial) {
  expect_finished(path, trial.record);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    if (digest(read_trial(path).record) == digest(trial.record)) return;
    throw StoreError(path.string(),
                     "the trial has finished before with another result, and its file is never "
                     "replaced; move the file away to store the trial again");
  }
  const Results results{.run = trial.run, .trials = {trial.record}};
  replace_file(path, build_record_file(path, FileKind::kTrial,
                                       [&](const H5Group& root) { write_run(root, results); }));
}

FinishedTrial read_trial(const std::filesystem::path& path) {
  Results results;
  read_record_file(path, FileKind::kTrial,
                   [&](const H5Group& root) { results = read_run_and_trials(root); });
  if (results.trials.size() != 1) {
    throw StoreError(path.string(),
                     "/trials: expected one trial, found " + std::to_string(results.trials.size()));
  }
  expect_finished(path, results.trials.front());
  return {.run = std::move(results.run), .record = std::move(results.trials.front())};
}

}  // namespace bbprompt
