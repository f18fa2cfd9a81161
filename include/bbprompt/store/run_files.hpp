#pragma once

#include <filesystem>
#include <string_view>

#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// "HDF5 1.10.8, serial": the library at work, and whether it was built for MPI.
[[nodiscard]] std::string hdf5_library();

// Paths of a run's files in its folder.
[[nodiscard]] std::filesystem::path results_path(const std::filesystem::path& folder);
[[nodiscard]] std::filesystem::path trial_path(const std::filesystem::path& folder,
                                               std::string_view id);
[[nodiscard]] std::filesystem::path checkpoint_path(const std::filesystem::path& folder,
                                                    std::string_view id);

// Finished trials of a running sweep, put together (finished_trials.hpp): "trials/pack-0001.h5".
// The number of the next one is above those of all that are there.
[[nodiscard]] std::filesystem::path next_pack_path(const std::filesystem::path& folder);
[[nodiscard]] bool is_pack_name(std::string_view name);

// Whether a run's folder has the record of any finished trial.
[[nodiscard]] bool has_finished_trials(const std::filesystem::path& folder);

// The results of a run, finished or not. `path` is a results file, a trial file, or a run's folder.
// Of a folder it reads results.h5; where there is none, every finished trial of the plan in
// trials/, packed or not, in the plan's order, with the RunInfo of trials that this plan wrote; and
// without a plan.txt, every finished trial by ascending id, with the RunInfo of the first file.
// Throws StoreError when nothing is there, a file cannot be read, a trial has two different
// results, or, without a plan, trials are of different configurations. `detail` matters to
// results.h5 alone.
[[nodiscard]] Results read_run(const std::filesystem::path& path,
                               RecordDetail detail = RecordDetail::kWhole);

}  // namespace bbprompt
