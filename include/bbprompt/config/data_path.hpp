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

}  // namespace bbprompt
