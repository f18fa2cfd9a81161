#pragma once

#include <filesystem>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Writes all trials of a run into one file, atomically. Throws StoreError when it cannot be
// written, when two trials have one id, and for records that could not be read again (see
// checkpoint.hpp).
void write_results(const std::filesystem::path& path, const Results& results);

// Throws StoreError when the file is absent, damaged, of another kind or schema version, or
// inconsistent.
[[nodiscard]] Results read_results(const std::filesystem::path& path);

}  // namespace bbprompt
