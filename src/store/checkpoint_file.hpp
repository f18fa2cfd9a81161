#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The two halves of write_checkpoint(): the bytes of the file, by HDF5, and their way to disk,
// without it. The second may run in another thread: it logs nothing, and returns what a log should
// say. It throws StoreError where the new checkpoint is not on disk.
[[nodiscard]] std::string checkpoint_bytes(const std::filesystem::path& path,
                                           const Checkpoint& checkpoint);
[[nodiscard]] std::optional<std::string> place_checkpoint(const std::filesystem::path& path,
                                                          std::string_view bytes);

}  // namespace bbprompt
