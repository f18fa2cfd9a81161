#include "bbprompt/store/run_files.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "bbprompt/store/results_file.hpp"
#include "store/finished_files.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPackBegin = "pack-";
constexpr std::size_t kPackDigits = 4;
constexpr std::size_t kMostPackDigits = 9;

void check_same_run(Results& all, Results& more, const fs::path& path) {
  if (all.trials.empty()) {
    all.run = std::move(more.run);
  } else if (more.run.config_hash != all.run.config_hash) {
    throw StoreError(path.string(), "expected a trial of the configuration " + all.run.config_hash +
                                        " like the files before it, "
                                        "found one of " +
                                        more.run.config_hash + "; keep each run in its own folder");
  }
}

// Finished trials of several files, later ones last; with a plan, those that it has.
class Gathering {
 public:
  explicit Gathering(const std::optional<PlanFile>& plan) : plan_(plan) {
    if (!plan) return;
    for (const PlannedTrial& trial : plan->trials) place_.emplace(trial.id, place_.size());
  }

  void add_pack(const fs::path& path) {
    Results more = read_finished_file(path);
    take_run(more, path);
    for (TrialRecord& trial : more.trials) add(std::move(trial), path);
  }

  void add_single(const fs::path& path) {
    Results more = read_finished_file(path);
    take_run(more, path);
    TrialRecord& trial = more.trials.front();
    if (!singles_.insert(trial.id).second) {
      throw StoreError(path.string(),
                       "expected one file per trial, found a second one of trial \"" + trial.id +
                           "\"; remove the copy");
    }
    add(std::move(trial), path);
  }

  // In the plan's order, or else by ascending id.
  [[nodiscard]] Results take() {
    std::sort(all_.trials.begin(), all_.trials.end(),
              [&](const TrialRecord& a, const TrialRecord& b) {
                return plan_ ? place_.at(a.id) < place_.at(b.id) : a.id < b.id;
              });
    return std::move(all_);
  }

 private:
  struct Seen {
    std::size_t index = 0;
    std::string digest;
    fs::path file;
  };

  // Trials that a plan took over from an earlier one keep the run they were written by.
  void take_run(Results& more, const fs::path& path) {
    if (!plan_) {
      check_same_run(all_, more, path);
    } else if (all_.trials.empty() || more.run.config_hash == plan_->config_hash) {
      all_.run = std::move(more.run);
    }
  }

  void add(TrialRecord&& trial, const fs::path& path) {
    if (plan_ && !place_.contains(trial.id)) return;
    const std::string found = digest(trial);
    const auto [seen, is_new] = seen_.try_emplace(
        trial.id, Seen{.index = all_.trials.size(), .digest = found, .file = path});
    if (is_new) {
      all_.trials.push_back(std::move(trial));
      return;
    }
    Seen& before = seen->second;
    TrialRecord& record = all_.trials[before.index];
    if (is_replaced({.state = record.state, .digest = before.digest, .file = before.file},
                    {.state = trial.state, .digest = found, .file = path})) {
      record = std::move(trial);
      before.digest = found;
      before.file = path;
    }
  }

  const std::optional<PlanFile>& plan_;
  std::map<std::string, std::size_t> place_;  // in the plan
  Results all_;
  std::map<std::string, Seen> seen_;
  std::set<std::string> singles_;
};

}  // namespace

fs::path results_path(const fs::path& folder) { return folder / "results.h5"; }

fs::path trial_path(const fs::path& folder, std::string_view id) {
  return folder / "trials" / (std::string(id) + ".h5");
}

bool is_pack_name(std::string_view name) {
  if (!name.starts_with(kPackBegin) || !name.ends_with(".h5")) return false;
  const auto digits = name.substr(kPackBegin.size(), name.size() - kPackBegin.size() - 3);
  return digits.size() >= kPackDigits && digits.size() <= kMostPackDigits &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

fs::path next_pack_path(const fs::path& folder) {
  std::size_t next = 1;
  for (const fs::path& path : pack_files(folder)) {
    const std::string name = path.filename().string();
    next = std::max<std::size_t>(next, std::stoull(name.substr(kPackBegin.size())) + 1);
  }
  std::string number = std::to_string(next);
  if (number.size() < kPackDigits) number.insert(0, kPackDigits - number.size(), '0');
  return folder / "trials" / (std::string(kPackBegin) + number + ".h5");
}

fs::path checkpoint_path(const fs::path& folder, std::string_view id) {
  return folder / "trials" / (std::string(id) + std::string(kCheckpointEnd));
}

bool has_finished_trials(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(results_path(folder), ignored) || !pack_files(folder).empty() ||
         !single_files(folder).empty();
}

Results read_run(const fs::path& path, RecordDetail detail) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    throw StoreError(path.string(), "expected a run's folder or a results file, found nothing");
  }
  if (!fs::is_directory(path, ignored)) return read_finished_file(path);
  if (fs::exists(results_path(path), ignored)) return read_results(results_path(path), detail);
  const std::vector<fs::path> packs = pack_files(path);
  const std::vector<fs::path> singles = single_files(path);
  if (packs.empty() && singles.empty()) {
    throw StoreError(path.string(),
                     "expected results.h5, or finished trials as trials/<id>.h5, found neither; "
                     "either this is no run's folder, or none of its trials has finished yet");
  }
  const auto plan = read_plan(path);
  Gathering gathering(plan);
  for (const fs::path& file : packs) gathering.add_pack(file);
  for (const fs::path& file : singles) gathering.add_single(file);
  return gathering.take();
}

}  // namespace bbprompt
