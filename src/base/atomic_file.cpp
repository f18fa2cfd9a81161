#include "bbprompt/base/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/base/disk_full.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/temporary_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& doing) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  const std::string message = "cannot " + doing + ": " + std::strerror(errno);
  if (is_full) throw DiskFullError(path.string(), message);
  throw StoreError(path.string(), message);
}

// Messages name the file that was asked for, never the temporary one.
void check_target(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored) || !path.has_filename())
    throw StoreError(path.string(), "expected a file to write, found a folder");
  const fs::path folder = path.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, ignored))
    throw StoreError(path.string(), "cannot create: there is no folder " + folder.string());
  expect_own_file(path);  // a rename would put a file in the place of /dev/stdout
}

// `shown` is what an error names.
void sync(const fs::path& path, const fs::path& shown, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) fail(shown, "open for fsync");
  const int status = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  // Some network file systems refuse fsync on a directory; the rename itself is still atomic there.
  if (status != 0 && !(reason == EINVAL && (flags & O_DIRECTORY) != 0)) {
    errno = reason;
    fail(shown, "fsync");
  }
}

void write_contents(const fs::path& temporary, const fs::path& shown, std::string_view contents) {
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) fail(shown, "create");
  std::size_t written = 0;
  while (written < contents.size()) {
    const auto count = ::write(descriptor, contents.data() + written, contents.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      ::close(descriptor);
      errno = reason;
      fail(shown, "write");
    }
    written += static_cast<std::size_t>(count);
  }
  if (::close(descriptor) != 0) fail(shown, "close");
}

}  // namespace

void replace_file(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  check_target(path);
  const fs::path temporary = create_temporary(path);
  try {
    write(temporary);
    sync(temporary, path, O_RDONLY);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "replace");
    const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
    sync(directory, directory, O_RDONLY | O_DIRECTORY);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

void replace_file(const fs::path& path, std::string_view contents) {
  replace_file(path, [&](const fs::path& temporary) { write_contents(temporary, path, contents); });
}

void replace_file(const fs::path& path, std::string_view contents,
                  const std::function<void()>& before_replacing) {
  replace_file(path, [&](const fs::path& temporary) {
    write_contents(temporary, path, contents);
    sync(temporary, path, O_RDONLY);
    before_replacing();
  });
}

int sweep_temporary_files(const fs::path& directory,
                          const std::function<bool(const std::string& name)>& is_own) {
  std::vector<fs::path> left;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const auto target = target_of_temporary(entry.path().filename().string());
    if (!target || entry.symlink_status(ignored).type() != fs::file_type::regular) continue;
    // Earlier versions wrote a temporary file of a temporary file.
    if (is_own(target_of_temporary(*target).value_or(*target))) left.push_back(entry.path());
  }
  int num_removed = 0;
  for (const fs::path& file : left) num_removed += fs::remove(file, ignored) ? 1 : 0;
  return num_removed;
}

std::string read_file(const fs::path& path, std::size_t max_bytes) {
  std::error_code status;
  if (fs::is_directory(path, status))
    throw StoreError(path.string(), "expected a file, found a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, "open for reading");
  std::string contents;
  std::vector<char> buffer(std::size_t{1} << 16);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    contents.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (contents.size() > max_bytes) {
      throw StoreError(path.string(),
                       "larger than the " + std::to_string(max_bytes) + " bytes allowed");
    }
  }
  if (in.bad()) fail(path, "read");
  return contents;
}

}  // namespace bbprompt
