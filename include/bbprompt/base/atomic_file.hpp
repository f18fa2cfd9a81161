#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace bbprompt {

// Replaces `path` by what `write` puts into the temporary file it is given, or leaves it untouched.
// The temporary file lies in the same directory (temporary_file.hpp) and is empty; order: write,
// fsync, rename, fsync of the directory. A reader sees the old file or the new one, never a part.
// A link, a device or a FIFO at `path` is refused. If anything fails the temporary file is removed
// and the exception goes on (`write`'s own, or a StoreError that names `path`, never the temporary
// file).
void replace_file(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path& temporary)>& write);

// The same for contents at hand.
void replace_file(const std::filesystem::path& path, std::string_view contents);

// The same; `before_replacing` is called when the new contents are safely on disk and the old file
// is still in place.
void replace_file(const std::filesystem::path& path, std::string_view contents,
                  const std::function<void()>& before_replacing);

// Removes the temporary files that killed processes left in `directory`: regular files of a
// temporary file's name whose target `is_own`. Returns how many.
int sweep_temporary_files(const std::filesystem::path& directory,
                          const std::function<bool(const std::string& name)>& is_own);

// The whole file as bytes. Throws StoreError when it cannot be read or is larger than `max_bytes`.
std::string read_file(const std::filesystem::path& path,
                      std::size_t max_bytes = std::size_t{1} << 31);

}  // namespace bbprompt
