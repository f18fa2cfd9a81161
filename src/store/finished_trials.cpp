#include "bbprompt/store/finished_trials.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "store/finished_files.hpp"
#include "store/trial_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

TrialBrief brief_of(const TrialRecord& record) {
  TrialBrief brief{.id = record.id,
                   .state = record.state,
                   .failure = record.failure,
                   .digest = digest(record),
                   .num_generations = static_cast<std::int64_t>(record.generations.size())};
  for (const auto& [purpose, usage] : record.usage) brief.num_queries += usage.usage.num_queries;
  const auto test = record.best.splits.find("test");
  if (test != record.best.splits.end()) brief.test_metric = test->second.metric;
  return brief;
}

// A copy that a person made has another name, and is neither used nor removed.
bool has_its_name(const fs::path& path) {
  const std::vector<TrialBrief> briefs = read_briefs(path);
  return briefs.size() == 1 && path.filename() == briefs.front().id + ".h5";
}

}  // namespace

FinishedTrials::FinishedTrials(fs::path folder, RunInfo run)
    : FinishedTrials(std::move(folder), std::move(run), Limits()) {}

FinishedTrials::FinishedTrials(fs::path folder, RunInfo run, const Limits& limits)
    : folder_(std::move(folder)), run_(std::move(run)), limits_(limits) {
  if (fs::exists(results_path(folder_))) look_at(results_path(folder_));
  for (const fs::path& path : pack_files(folder_)) look_at(path);
  for (const fs::path& path : single_files(folder_)) {
    if (!has_its_name(path)) {
      logger()->warn("{}: not the file of the trial in it; left alone", path.string());
      continue;
    }
    look_at(path);
    ++num_singles_;
    files_.back().is_single = true;
    // A kill came between the pack and the removal of what went into it.
    const std::string id = files_.back().ids.front();
    if (known_.at(id).file != path && known_.at(id).brief.state == TrialState::kDone)
      remove_file(path);
  }
}

void FinishedTrials::look_at(const fs::path& path) {
  File& file = files_.emplace_back();
  file.path = path;
  for (const TrialBrief& brief : read_briefs(path)) {
    file.ids.push_back(brief.id);
    take(brief, path);
  }
}

void FinishedTrials::take(const TrialBrief& brief, const fs::path& file) {
  const auto [known, is_new] = known_.try_emplace(brief.id, Known{.brief = brief, .file = file});
  if (is_new) return;
  const TrialBrief& before = known->second.brief;
  if (is_replaced({.state = before.state, .digest = before.digest, .file = known->second.file},
                  {.state = brief.state, .digest = brief.digest, .file = file}))
    known->second = {.brief = brief, .file = file};
}

const TrialBrief* FinishedTrials::find(const std::string& id) const {
  const auto known = known_.find(id);
  return known == known_.end() ? nullptr : &known->second.brief;
}

void FinishedTrials::add(const TrialRecord& record) {
  const fs::path path = trial_path(folder_, record.id);
  write_trial(path, {.run = run_, .record = record});
  take(brief_of(record), path);
  files_.push_back({.path = path, .is_single = true, .ids = {record.id}});
  ++num_singles_;
  if (num_singles_ > limits_.num_singles) pack();
}

void FinishedTrials::forget(const std::string& id) {
  known_.erase(id);
  const fs::path path = trial_path(folder_, id);
  if (fs::exists(path)) remove_file(path);
}

void FinishedTrials::remove_file(const fs::path& path) {
  const auto file = std::find_if(files_.begin(), files_.end(),
                                 [&](const File& known) { return known.path == path; });
  if (file != files_.end()) {
    if (file->is_single) --num_singles_;
    files_.erase(file);
  }
  std::error_code status;
  fs::remove(path, status);
  if (status) throw StoreError(path.string(), "cannot remove: " + status.message());
}

void FinishedTrials::pack() {
  std::vector<std::string> ids;
  std::vector<fs::path> singles;
  for (const File& file : files_) {
    if (!file.is_single) continue;
    ids.push_back(file.ids.front());
    singles.push_back(file.path);
  }
  std::sort(ids.begin(), ids.end());
  const fs::path path = next_pack_path(folder_);
  write_results(path, {.run = run_, .trials = read_records(ids)});
  files_.push_back({.path = path, .is_single = false, .ids = ids});
  for (const std::string& id : ids) known_.at(id).file = path;
  for (const fs::path& single : singles) remove_file(single);
}

// Every file is read once, and as a whole.
std::vector<TrialRecord> FinishedTrials::read_records(const std::vector<std::string>& ids) const {
  std::map<fs::path, std::map<std::string, std::size_t>> wanted;  // by file: id to position
  for (std::size_t i = 0; i < ids.size(); ++i) wanted[known_.at(ids[i]).file].emplace(ids[i], i);
  std::vector<TrialRecord> records(ids.size());
  for (const auto& [file, positions] : wanted) {
    Results results = read_finished_file(file);
    for (TrialRecord& record : results.trials) {
      const auto position = positions.find(record.id);
      if (position != positions.end()) records[position->second] = std::move(record);
    }
  }
  return records;
}

bool FinishedTrials::is_consolidated(const std::vector<std::string>& ids) const {
  const fs::path path = results_path(folder_);
  const auto results = std::find_if(files_.begin(), files_.end(),
                                    [&](const File& file) { return file.path == path; });
  return results != files_.end() && results->ids == ids &&
         std::all_of(ids.begin(), ids.end(),
                     [&](const std::string& id) { return known_.at(id).file == path; });
}

void FinishedTrials::consolidate(const std::vector<std::string>& ids) {
  const fs::path path = results_path(folder_);
  for (const std::string& id : ids) {
    if (find(id) == nullptr)
      throw StoreError(folder_.string(), "expected the finished trial " + id + ", found none");
  }
  if (!is_consolidated(ids)) {
    write_results(path, {.run = run_, .trials = read_records(ids)});
    std::erase_if(files_, [&](const File& file) { return file.path == path; });
    files_.insert(files_.begin(), {.path = path, .is_single = false, .ids = ids});
    for (const std::string& id : ids) known_.at(id).file = path;
  }
  const std::set<std::string> held(ids.begin(), ids.end());
  std::vector<fs::path> spent;
  for (const File& file : files_) {
    const bool is_held = std::all_of(file.ids.begin(), file.ids.end(),
                                     [&](const std::string& id) { return held.contains(id); });
    if (file.path != path && is_held) spent.push_back(file.path);
  }
  for (const fs::path& file : spent) remove_file(file);
}

}  // namespace bbprompt
