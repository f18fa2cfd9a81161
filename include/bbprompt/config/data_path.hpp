#pragma once

#include <filesystem>

namespace bbprompt {

// A path of a task written "data:mrpc/train.jsonl" lies below the data folder, wherever that is on
// this machine; identifiers of trials are made of the path as written.
[[nodiscard]] bool is_data_path(const std::filesystem::path& path);

// "mrpc/train.jsonl". Only for is_data_path().
[[nodiscard]] std::filesystem::path below_data_folder(const std::filesystem::path& path);

// The data folder, absolute: `configured` (the key data_folder), or where that is empty the
// environment variable BBPROMPT_DATA, or where that is empty too "data"; relative ones start in the
// working directory.
[[nodiscard]] std::filesystem::path find_data_folder(const std::filesystem::path& configured);

// Whether a path as it is written stands for itself, wherever it was written: absolute, or with "~"
// or an environment variable in front.
[[nodiscard]] bool is_rooted(const std::filesystem::path& written);

// The path as it can be opened: "~" in front is the home folder, $NAME and ${NAME} are environment
// variables, and what is then relative lies below `folder`. Results keep the path as it is written.
// Throws UsageError where a variable is not set.
[[nodiscard]] std::filesystem::path real_path(const std::filesystem::path& folder,
                                              const std::filesystem::path& written);

}  // namespace bbprompt
