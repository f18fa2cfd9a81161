#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/report/merge_runs.hpp"
#include "bbprompt/task/task_data_cache.hpp"

namespace bbprompt {

// Rows of the test files that trials were tested on, read from the files again. A file that is gone
// or is not that of the run gives none: the hash of the record tells.
class TestRowFinder {
 public:
  explicit TestRowFinder(const std::vector<NamedResults>& runs);

  [[nodiscard]] std::vector<std::int64_t> find(const TrialRecord& trial);

 private:
  std::vector<RunInfo> runs_;
  std::map<std::string, std::size_t> run_of_;  // by trial id
  std::map<std::size_t, std::optional<PathRoots>> roots_;
  TaskDataCache data_;
};

}  // namespace bbprompt
