#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "store/h5_group.hpp"
#include "store/sealed_file.hpp"

namespace bbprompt {

using H5Walk = std::function<void(const H5Group& root)>;

// Bytes of a sealed file of `kind` whose groups `fill` creates. `path` is for messages.
[[nodiscard]] std::string build_record_file(const std::filesystem::path& path, FileKind kind,
                                            const H5Walk& fill);

// Reads the file at `path`, verifies its seal, and only then opens it with HDF5 for `walk`.
void read_record_file(const std::filesystem::path& path, FileKind kind, const H5Walk& walk);

// "/trials/<id>" for each trial and "/trial_order". Checked when written and when read. Throws
// StoreError for ids that are empty or occur twice.
void write_trials(const H5Group& root, std::span<const TrialRecord> trials);
[[nodiscard]] std::vector<TrialRecord> read_trials(const H5Group& root,
                                                   RecordDetail detail = RecordDetail::kWhole);

// "/run", the trials, and "/" attribute "digest".
void write_run(const H5Group& root, const Results& results);
[[nodiscard]] Results read_run_and_trials(const H5Group& root,
                                          RecordDetail detail = RecordDetail::kWhole);

}  // namespace bbprompt
