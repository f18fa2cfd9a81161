#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "bbprompt/task/task_data.hpp"

namespace bbprompt {

// What load_task_data() gives, remembered: trials of a sweep mostly share their files and often
// their draws, and parsing a file of 67,000 rows takes longer than many an evaluation. A file that
// changed (its size or time of change) is read again. Not for several threads.
class TaskDataCache {
 public:
  struct Limits {
    std::size_t num_files = 8;   // parsed files kept, the most recently used ones
    std::size_t num_draws = 16;  // splits kept, the same
  };
  TaskDataCache() = default;
  explicit TaskDataCache(const Limits& limits) : limits_(limits) {}

  // Throws what load_task_data() throws; nothing is remembered then.
  [[nodiscard]] std::shared_ptr<const TaskData> get(const TaskOptions& task,
                                                    const FewShotOptions& few_shot,
                                                    std::uint64_t seed);

 private:
  template <typename Value>
  using Recent = std::list<std::pair<std::string, std::shared_ptr<const Value>>>;  // latest first

  [[nodiscard]] std::shared_ptr<const Dataset> file(const std::filesystem::path& path,
                                                    const TaskOptions& task);

  Limits limits_;
  Recent<Dataset> files_;
  Recent<TaskData> draws_;
};

}  // namespace bbprompt
