#include "replica/node_registry.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>
#include <thread>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxSize = 1 << 16;  // thousands of lines

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what, int reason) {
  throw StoreError(file.string(), what + ": " + std::strerror(reason));
}

}  // namespace

NodeRegistry::NodeRegistry(std::filesystem::path file, double patience_seconds)
    : file_(std::move(file)) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(patience_seconds);
  while (!try_lock()) {
    if (Clock::now() > end)
      throw StoreError(file_.string(), "another process holds the lock and does not let go");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

NodeRegistry::~NodeRegistry() { ::close(descriptor_); }

bool NodeRegistry::try_lock() {
  const int descriptor =
      ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (descriptor < 0) refuse(file_, "cannot open", errno);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(descriptor);
    if (reason == EWOULDBLOCK || reason == EINTR) return false;
    refuse(file_, "cannot lock", reason);
  }
  struct stat locked {};
  struct stat named {};
  const bool is_same = ::fstat(descriptor, &locked) == 0 && ::lstat(file_.c_str(), &named) == 0 &&
                       locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
  if (!is_same) {  // removed by the last user between open and lock
    ::close(descriptor);
    return false;
  }
  if (!S_ISREG(locked.st_mode)) {
    ::close(descriptor);
    throw StoreError(file_.string(), "expected a regular file");
  }
  descriptor_ = descriptor;
  return true;
}

std::vector<NodeUser> NodeRegistry::users() const {
  std::string text(kMaxSize, '\0');
  const ssize_t count = ::pread(descriptor_, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  std::vector<NodeUser> users;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    NodeUser user;
    std::string rest;
    if (fields >> user.pid >> user.descriptor && !(fields >> rest) && user.pid > 0 &&
        user.descriptor >= 0) {
      users.push_back(user);
    }
  }
  return users;
}

void NodeRegistry::store(const std::vector<NodeUser>& users) const {
  if (users.empty()) {
    ::unlink(file_.c_str());
    return;
  }
  std::string text;
  for (const NodeUser& user : users)
    text += std::to_string(user.pid) + ' ' + std::to_string(user.descriptor) + '\n';
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    refuse(file_, "cannot write", errno);
  }
}

}  // namespace bbprompt
