#include "run/checkpoint_keeper.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

// How often the results of an open group are saved, and how long that may take at a stop.
constexpr double kOpenGroupSeconds = 60.0;
constexpr double kStopSeconds = 15.0;

}  // namespace

CheckpointKeeper::CheckpointKeeper(std::filesystem::path folder, std::string version,
                                   RunReport& report)
    : folder_(std::move(folder)), version_(std::move(version)), report_(report) {}

std::filesystem::path CheckpointKeeper::file_of(const std::string& id) const {
  return checkpoint_path(folder_, id);
}

std::optional<Checkpoint> CheckpointKeeper::read(const std::string& id) const {
  const auto file = file_of(id);
  if (!has_checkpoint(file)) return std::nullopt;
  Checkpoint checkpoint = read_newest_checkpoint(file);
  if (checkpoint.version.empty() || checkpoint.version == version_) return checkpoint;
  throw StoreError(file.string(), "checkpoint of bbprompt " + checkpoint.version +
                                      "; this is bbprompt " + version_ +
                                      ", whose results may differ. Go on with the version that "
                                      "wrote it, or use another output folder");
}

void CheckpointKeeper::begin(std::size_t trial) { states_.insert_or_assign(trial, State{}); }

void CheckpointKeeper::absorbed(std::size_t trial,
                                const std::optional<FinishedGeneration>& generation) {
  State& state = states_.at(trial);
  state.is_saved = false;
  state.has_unsaved_results = false;
  if (generation) state.unsaved.push_back(*generation);
}

// The more trials run, the less often: each save costs the master time.
void CheckpointKeeper::got_result(std::size_t trial, const Source& source) {
  State& state = states_.at(trial);
  state.has_unsaved_results = true;
  const double interval = std::max(kOpenGroupSeconds, 0.2 * static_cast<double>(states_.size()));
  if (seconds_since(state.last_save) > interval) save(trial, source);
}

void CheckpointKeeper::save(std::size_t trial, const Source& source) {
  State& state = states_.at(trial);
  const std::string& id = source.run.record().id;
  state.last_save = Clock::now();
  try {
    Checkpoint checkpoint = source.run.save();
    checkpoint.version = version_;
    if (source.open != nullptr && !source.open->is_settled()) checkpoint.open = source.open->save();
    writer_.write(file_of(id), checkpoint, ++num_checkpoints_);
    if (!state.unsaved.empty()) saving_.emplace(num_checkpoints_, std::exchange(state.unsaved, {}));
    state.is_saved = true;
    state.has_unsaved_results = false;
  } catch (const StoreError& error) {
    report_.checkpoint_failed(id, error.what());
  }
}

void CheckpointKeeper::look() {
  for (const std::uint64_t ticket : writer_.take_written()) {
    const auto saved = saving_.extract(ticket);
    if (saved.empty()) continue;
    for (const auto& generation : saved.mapped()) report_.generation_finished(generation);
  }
  for (const CheckpointProblem& problem : writer_.take_problems()) {
    if (problem.is_written) {
      logger()->warn("{}", problem.reason);
    } else {
      report_.checkpoint_failed(problem.trial, problem.reason);
      is_disk_full_ = is_disk_full_ || problem.is_disk_full;
    }
  }
}

void CheckpointKeeper::save_all(const std::map<std::size_t, Source>& sources) {
  writer_.flush();
  for (const auto& [trial, source] : sources) {
    const bool has_failed = writer_.has_failed(file_of(source.run.record().id));
    if (!states_.at(trial).is_saved || has_failed) save(trial, source);
  }
  writer_.flush();
  // Results of open groups only save paying for them again: not at the price of a late end.
  const auto start = Clock::now();
  for (const auto& [trial, source] : sources) {
    if (!states_.at(trial).has_unsaved_results) continue;
    if (seconds_since(start) > kStopSeconds) break;
    save(trial, source);
    writer_.flush();
  }
  look();
}

// Generations that no checkpoint on disk has are in the ended trial's record, which is.
void CheckpointKeeper::report_all(std::size_t trial) {
  std::erase_if(saving_, [&](const auto& entry) {
    if (entry.second.front().trial != trial) return false;
    for (const auto& generation : entry.second) report_.generation_finished(generation);
    return true;
  });
  for (const auto& generation : states_.at(trial).unsaved) report_.generation_finished(generation);
}

void CheckpointKeeper::end(std::size_t trial, const TrialRecord& record) {
  if (record.state == TrialState::kDone) writer_.remove(file_of(record.id));
  look();
  report_all(trial);
  states_.erase(trial);
}

}  // namespace bbprompt
