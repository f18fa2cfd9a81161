#include "store/finished_files.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "store/record_file.hpp"
#include "store/record_reader.hpp"
#include "store/sealed_file.hpp"
#include "store/trial_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPreviousEnd = ".previous.h5";

template <typename Wanted>
std::vector<fs::path> files_of(const fs::path& folder, const Wanted& is_wanted) {
  std::vector<fs::path> files;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder / "trials", status)) {
    if (is_wanted(entry.path().filename().string())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TrialBrief read_brief(const H5Group& trials, const std::string& id) {
  const H5Group trial = trials.open_group(id);
  TrialBrief brief{.id = id};
  brief.state = read_word<TrialState>(trial, "state");
  trial.read_attribute("digest", brief.digest);
  brief.failure = trial.read_text("failure");
  trial.read_attribute("config_hash", brief.config_hash);
  const H5Group generations = trial.open_group("generations");
  const auto numbers = generations.open_numbers("incumbent_fitness", H5Number::kDouble, 1);
  std::vector<double> incumbents(numbers.count);
  generations.read_numbers("incumbent_fitness", numbers, incumbents.data());
  brief.num_generations = static_cast<std::int64_t>(incumbents.size());
  if (!incumbents.empty()) brief.incumbent_fitness = incumbents.back();
  const H5Group usage = trial.open_group("usage");
  for (const std::string& purpose : usage.child_names()) {
    std::int64_t num_queries = 0;
    usage.open_group(purpose).read_attribute("num_queries", num_queries);
    brief.num_queries += num_queries;
    if (purpose == "search")
      usage.open_group(purpose).read_attribute("num_evaluations", brief.num_evaluations);
  }
  const H5Group splits = trial.open_group("best").open_group("splits");
  const std::vector<std::string> names = splits.child_names();
  const auto metric_of = [&](const char* split) -> std::optional<double> {
    if (std::find(names.begin(), names.end(), split) == names.end()) return std::nullopt;
    double metric = 0.0;
    splits.open_group(split).read_attribute("metric", metric);
    return metric;
  };
  brief.dev_metric = metric_of("dev");
  brief.test_metric = metric_of("test");
  return brief;
}

}  // namespace

std::vector<fs::path> pack_files(const fs::path& folder) { return files_of(folder, is_pack_name); }

std::vector<fs::path> single_files(const fs::path& folder) {
  return files_of(folder, [](const std::string& name) {
    return name.ends_with(".h5") && !name.ends_with(kCheckpointEnd) &&
           !name.ends_with(kPreviousEnd) && !is_pack_name(name);
  });
}

Results read_finished_file(const fs::path& path) {
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

std::vector<TrialBrief> read_briefs(const fs::path& path) {
  std::vector<TrialBrief> briefs;
  const FileKind kind =
      sealed_kind(path) == FileKind::kTrial ? FileKind::kTrial : FileKind::kResults;
  read_record_file(path, kind, [&](const H5Group& root) {
    const H5Group trials = root.open_group("trials");
    for (const std::string& id : root.read_texts("trial_order"))
      briefs.push_back(read_brief(trials, id));
  });
  return briefs;
}

bool is_replaced(const RecordPlace& earlier, const RecordPlace& later) {
  if (earlier.digest == later.digest) return false;
  if (earlier.state != TrialState::kDone) return true;
  if (later.state != TrialState::kDone) return false;
  throw StoreError(later.file.string(), "expected the same results of a trial that is in " +
                                            earlier.file.string() +
                                            " too, found others; move one of the files away");
}

}  // namespace bbprompt
