#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bbprompt {

// Names of temporary files: "NAME.tmp.DIGITS", next to the file NAME that they are to become.

// One of the names for `target` that this process tries in turn, from attempt 0.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& target,
                                                   int attempt);

// Creates an empty file of the first such name that is free, and returns it. What lies there
// already, a link too, is left alone. Throws StoreError, which names `target`.
[[nodiscard]] std::filesystem::path create_temporary(const std::filesystem::path& target);

// NAME of a temporary file's name; nothing for every other name.
[[nodiscard]] std::optional<std::string> target_of_temporary(std::string_view name);

}  // namespace bbprompt
