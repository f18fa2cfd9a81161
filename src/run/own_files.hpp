#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace bbprompt {

// Which files of a run's folder are the run's own. Nothing else is ever overwritten or removed, and
// no link is followed.

// Looks at a folder, which need not exist, before a run writes into it. Throws StoreError where
// something other than a file or folder has a name that the run writes, and where the folder is not
// that of a run yet (`is_run`) and holds a file that the run would overwrite; a config.yaml with
// the text `config_given` is fine.
void check_own_files(const std::filesystem::path& folder, bool is_run,
                     const std::string& config_given);

// Removes the temporary files that killed processes left: those of the run's files, and of the
// files of trials with these ids. Returns how many.
int sweep_own_temporary_files(const std::filesystem::path& folder,
                              const std::set<std::string>& trials);

}  // namespace bbprompt
