#include "bbprompt/store/run_folder.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/sealed_file.hpp"
#include "bbprompt/store/trial_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kCheckpointEnd = ".checkpoint.h5";
constexpr std::string_view kPreviousEnd = ".previous.h5";

bool is_trial_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".h5") && !name.ends_with(kCheckpointEnd) && !name.ends_with(kPreviousEnd);
}

std::vector<fs::path> trial_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder / "trials", status)) {
    if (is_trial_file(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Finished trials of the plan, in its order; what earlier plans left beside them is not named.
std::vector<fs::path> planned_files(const fs::path& folder, const PlanFile& plan) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& trial : plan.trials) {
    fs::path file = trial_path(folder, trial.id);
    if (fs::exists(file, ignored)) files.push_back(std::move(file));
  }
  return files;
}

Results read_file_of_any_kind(const fs::path& path) {
  switch (sealed_kind(path)) {
    case FileKind::kResults:
      return read_results(path);
    case FileKind::kTrial: {
      FinishedTrial trial = read_trial(path);
      return {.run = std::move(trial.run), .trials = {std::move(trial.record)}};
    }
    case FileKind::kCheckpoint:
      break;
  }
  throw StoreError(
      path.string(),
      "expected a results or trial file, found the checkpoint of a running trial; name "
      "the run's folder to report its finished trials");
}

// Trials that a plan took over from an earlier one keep the run they were written by.
void add_planned(Results& results, const fs::path& path, const PlanFile& plan) {
  FinishedTrial trial = read_trial(path);
  const bool is_newer = trial.run.config_hash == plan.config_hash;
  if (results.trials.empty() || is_newer) results.run = std::move(trial.run);
  results.trials.push_back(std::move(trial.record));
}

void add_trial(Results& results, const fs::path& path, std::set<std::string>& ids) {
  FinishedTrial trial = read_trial(path);
  if (results.trials.empty())
    results.run = std::move(trial.run);
  else if (trial.run.config_hash != results.run.config_hash) {
    throw StoreError(path.string(),
                     "expected a trial of the configuration " + results.run.config_hash +
                         " like the files before it, "
                         "found one of " +
                         trial.run.config_hash + "; keep each run in its own folder");
  }
  if (!ids.insert(trial.record.id).second) {
    throw StoreError(path.string(),
                     "a second file of trial \"" + trial.record.id + "\"; remove the copy");
  }
  results.trials.push_back(std::move(trial.record));
}

}  // namespace

fs::path results_path(const fs::path& folder) { return folder / "results.h5"; }

fs::path trial_path(const fs::path& folder, std::string_view id) {
  return folder / "trials" / (std::string(id) + ".h5");
}

fs::path checkpoint_path(const fs::path& folder, std::string_view id) {
  return folder / "trials" / (std::string(id) + std::string(kCheckpointEnd));
}

Results read_run(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    throw StoreError(path.string(), "expected a run's folder or a results file, found nothing");
  }
  if (!fs::is_directory(path, ignored)) return read_file_of_any_kind(path);
  if (fs::exists(results_path(path), ignored)) return read_results(results_path(path));
  const auto plan = read_plan(path);
  const std::vector<fs::path> files = plan ? planned_files(path, *plan) : trial_files(path);
  if (files.empty()) {
    throw StoreError(path.string(),
                     "expected results.h5, or finished trials as trials/<id>.h5, found neither; "
                     "either this is no run's folder, or none of its trials has finished yet");
  }
  Results results;
  std::set<std::string> ids;
  for (const fs::path& file : files) {
    if (plan) {
      add_planned(results, file, *plan);
    } else {
      add_trial(results, file, ids);
    }
  }
  return results;
}

}  // namespace bbprompt
