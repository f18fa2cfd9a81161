#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/import_layout.hpp"

namespace bbprompt {

enum class SplitName { kTrain, kDev, kTest };

// "train", "dev", "test".
[[nodiscard]] std::string to_string(SplitName split);

// The split that a file's name tells by one of its words (import.hpp); nothing where none or
// several do.
[[nodiscard]] std::optional<SplitName> split_of_name(const std::filesystem::path& file);

}  // namespace bbprompt
