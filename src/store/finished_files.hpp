#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "bbprompt/store/finished_trials.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// How the names of checkpoints end, in the folder "trials".
inline constexpr std::string_view kCheckpointEnd = ".checkpoint.h5";

// The packs in a run's folder and then the files of single trials, both by ascending name.
[[nodiscard]] std::vector<std::filesystem::path> pack_files(const std::filesystem::path& folder);
[[nodiscard]] std::vector<std::filesystem::path> single_files(const std::filesystem::path& folder);

// A trial or results file as results. Throws StoreError, also for a checkpoint.
[[nodiscard]] Results read_finished_file(const std::filesystem::path& path);

// The same at a glance: seal and structure are checked, digests are not computed again.
[[nodiscard]] std::vector<TrialBrief> read_briefs(const std::filesystem::path& path);

// Whether a later record of a trial takes the place of an earlier one. Throws StoreError naming
// both files when the trial is done in both with different results.
struct RecordPlace {
  TrialState state;
  const std::string& digest;
  const std::filesystem::path& file;
};
[[nodiscard]] bool is_replaced(const RecordPlace& earlier, const RecordPlace& later);

}  // namespace bbprompt
