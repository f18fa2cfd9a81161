#include "bbprompt/base/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& doing) {
  throw StoreError(path.string(), "cannot " + doing + ": " + std::strerror(errno));
}

[[noreturn]] void refuse(const fs::path& path, const char* expected, fs::file_type found) {
  throw StoreError(path.string(), std::string("expected ") + expected + ", found " +
                                      words_for(found) + "; move it away, or use another folder");
}

void expect(const fs::path& path, fs::file_type wanted, const char* expected) {
  std::error_code ignored;
  const fs::file_type found = fs::symlink_status(path, ignored).type();
  if (found == wanted || found == fs::file_type::not_found || found == fs::file_type::none) return;
  refuse(path, expected, found);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }

 private:
  int number_;
};

// What lay there a moment ago may have been replaced.
bool is_regular(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::string words_for(fs::file_type type) {
  switch (type) {
    case fs::file_type::regular:
      return "a file";
    case fs::file_type::directory:
      return "a folder";
    case fs::file_type::symlink:
      return "a symbolic link";
    case fs::file_type::fifo:
      return "a FIFO (named pipe)";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    default:
      return "something else";
  }
}

void expect_own_file(const fs::path& path) {
  expect(path, fs::file_type::regular, "a regular file");
}

void expect_own_folder(const fs::path& path) { expect(path, fs::file_type::directory, "a folder"); }

int open_own_file(const fs::path& path, int flags) {
  expect_own_file(path);
  Descriptor opened(
      ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644));
  if (opened.number() < 0) fail(path, "open");
  if (!is_regular(opened.number())) refuse(path, "a regular file", fs::file_type::unknown);
  return opened.release();
}

std::string read_regular_file(const fs::path& path, std::size_t max_bytes) {
  std::error_code ignored;
  const fs::file_status found = fs::status(path, ignored);
  if (fs::exists(found) && !fs::is_regular_file(found))
    refuse(path, "a regular file", found.type());
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (opened.number() < 0) fail(path, "open for reading");
  if (!is_regular(opened.number())) refuse(path, "a regular file", fs::file_type::unknown);
  std::string contents;
  std::vector<char> buffer(std::size_t{1} << 16);
  while (true) {
    const ssize_t count = ::read(opened.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "read");
    if (count == 0) return contents;
    contents.append(buffer.data(), static_cast<std::size_t>(count));
    if (contents.size() > max_bytes) {
      throw StoreError(path.string(),
                       "larger than the " + std::to_string(max_bytes) + " bytes allowed");
    }
  }
}

}  // namespace bbprompt
