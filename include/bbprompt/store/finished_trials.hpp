#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// A finished trial at a glance.
struct TrialBrief {
  std::string id;
  TrialState state = TrialState::kDone;  // or kFailed
  std::string failure;
  std::string digest;
  std::string config_hash;
  std::int64_t num_queries = 0;      // of all purposes
  std::int64_t num_evaluations = 0;  // of the search
  std::int64_t num_generations = 0;
  std::optional<double> incumbent_fitness;  // after the last generation
  std::optional<double> dev_metric;
  std::optional<double> test_metric;
};

// All finished trials in a run's folder. Each trial gets a file of its own (trial_file.hpp); many
// such files become a pack (trials/pack-NNNN.h5, a results file); at the end all trials go into
// results.h5. So a sweep of thousands of trials keeps a few hundred files at most. A new file is
// whole before the files it replaces are removed, so no trial is ever lost; after a kill in
// between, a trial is there twice with equal contents and counts once. A trial that is done
// replaces its failed record; of two failed records the later file counts.
class FinishedTrials {
 public:
  struct Limits {
    std::size_t num_singles = 200;  // files of one trial each, before they become a pack
  };

  // Looks at the files that are there, and removes files of single trials that a pack has. Throws
  // StoreError when one cannot be read, and when a trial is done in two files with different
  // results.
  FinishedTrials(std::filesystem::path folder, RunInfo run);
  FinishedTrials(std::filesystem::path folder, RunInfo run, const Limits& limits);

  // Null when the trial has not finished.
  [[nodiscard]] const TrialBrief* find(const std::string& id) const;
  [[nodiscard]] std::size_t size() const { return known_.size(); }

  // Writes the trial's file, and a pack when there are many. Throws StoreError (see write_trial).
  void add(const TrialRecord& record);

  // Removes a failed trial, which is to be run again.
  void forget(const std::string& id);

  // Writes results.h5 with these trials in this order, unless it is there already, and removes the
  // files whose trials are all in it. Throws StoreError when a trial is missing.
  void consolidate(const std::vector<std::string>& ids);

 private:
  struct File {
    std::filesystem::path path;
    bool is_single = false;
    std::vector<std::string> ids;
  };
  struct Known {
    TrialBrief brief;
    std::filesystem::path file;
  };

  void look_at(const std::filesystem::path& path);
  void take(const TrialBrief& brief, const std::filesystem::path& file);
  void pack();
  void remove_file(const std::filesystem::path& path);
  [[nodiscard]] bool is_consolidated(const std::vector<std::string>& ids) const;
  [[nodiscard]] std::vector<TrialRecord> read_records(const std::vector<std::string>& ids) const;

  std::filesystem::path folder_;
  RunInfo run_;
  Limits limits_;
  std::vector<File> files_;  // earlier ones first
  std::map<std::string, Known> known_;
  std::size_t num_singles_ = 0;
};

}  // namespace bbprompt
