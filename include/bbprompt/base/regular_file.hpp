#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace bbprompt {

// Files of a run's folder are regular files. To open a FIFO may wait for ever, and to open a device
// may do anything, so both are refused before.

// "a folder", "a symbolic link", "a FIFO", ...
[[nodiscard]] std::string words_for(std::filesystem::file_type type);

// Throws StoreError unless there is nothing at `path` or a regular file; a link is none.
void expect_own_file(const std::filesystem::path& path);
// The same for a folder.
void expect_own_folder(const std::filesystem::path& path);

// open(2) of a regular file that is not reached through a link; a new one gets mode 0644. The
// caller closes it. Throws StoreError.
[[nodiscard]] int open_own_file(const std::filesystem::path& path, int flags);

// The whole file as bytes; a link to a regular file is followed. Throws StoreError when the file is
// not regular, cannot be read or is larger than `max_bytes`.
[[nodiscard]] std::string read_regular_file(const std::filesystem::path& path,
                                            std::size_t max_bytes = std::size_t{1} << 31);

}  // namespace bbprompt
