#pragma once

#include <filesystem>
#include <string_view>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Where a run's files lie in its folder.
[[nodiscard]] std::filesystem::path results_path(const std::filesystem::path& folder);
[[nodiscard]] std::filesystem::path trial_path(const std::filesystem::path& folder,
                                               std::string_view id);
[[nodiscard]] std::filesystem::path checkpoint_path(const std::filesystem::path& folder,
                                                    std::string_view id);

// The results of a run, finished or not. `path` is a results or trial file, or a run's folder: its
// results.h5, or else every finished trial of its plan in the plan's order, with the run of those
// that the plan itself wrote; without a plan.txt every finished trial in trials/ by ascending file
// name, with the run of the first one. Throws StoreError when nothing is there, a file cannot be
// read, or, without a plan, trials of different configurations or with one id lie together.
[[nodiscard]] Results read_run(const std::filesystem::path& path);

}  // namespace bbprompt
