#pragma once

#include <filesystem>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Checkpoints of one running trial: the newest at `path` ("X.checkpoint.h5") and the one before it
// at previous_checkpoint_path(path) ("X.checkpoint.previous.h5"). All functions throw StoreError.

[[nodiscard]] std::filesystem::path previous_checkpoint_path(const std::filesystem::path& path);

// Replaces the checkpoint at `path`; what was there becomes the previous one, unless it is damaged.
// At every instant at least one whole checkpoint lies on disk, once the first call has returned. If
// the new one cannot be written (full disk), both old ones stay as they were. Also throws, and
// changes nothing, for a checkpoint that could not be read again: inconsistent lengths, names with
// '/', NUL bytes in lists of strings.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

// One file, whichever it is. Throws when it is absent, damaged, of another kind or schema version,
// or inconsistent.
[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& path);

// Whether there is a checkpoint at `path` or a previous one, readable or not.
[[nodiscard]] bool has_checkpoint(const std::filesystem::path& path);

// The checkpoint at `path`, or with a warning in the log the previous one when the newest is absent
// or damaged. Throws, naming what is wrong with each, when neither can be read.
[[nodiscard]] Checkpoint read_newest_checkpoint(const std::filesystem::path& path);

// Removes both, for a trial whose own file is written. Absent files are no error.
void remove_checkpoint(const std::filesystem::path& path);

}  // namespace bbprompt
