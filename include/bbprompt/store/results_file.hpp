#pragma once

#include <filesystem>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Writes all trials of a run into one file, atomically. Throws StoreError when it cannot be
// written, when two trials have one id, and for records that could not be read again (see
// checkpoint.hpp).
void write_results(const std::filesystem::path& path, const Results& results);

// How much of each trial is read. kTables leaves out what no table shows: label scores, points,
// vectors and candidates stay empty, and of the generations all columns but queries, fitness of
// incumbent and median, and dev stay 0. Such records have another digest; the
// file's own checksum is still verified.
enum class RecordDetail { kWhole, kTables };

// Throws StoreError when the file is absent, damaged, of another kind or schema version, or
// inconsistent.
[[nodiscard]] Results read_results(const std::filesystem::path& path,
                                   RecordDetail detail = RecordDetail::kWhole);

}  // namespace bbprompt
