#include "replica/node_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "replica/node_registry.hpp"

namespace bbprompt {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "bbprompt-weights";
constexpr const char* kLinkPrefix = "/memfd:bbprompt-weights";  // what /proc says of it
constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
constexpr double kWriterSeconds = 300;  // the longest that others wait for it to be written
constexpr double kLeaveSeconds = 1;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// Processes with another answer have other process numbers: nodes and containers that share a
// folder must not read each other's lists.
std::string process_space() {
  std::string space;
  std::array<char, 64> text{};
  const int file = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    const ssize_t count = ::read(file, text.data(), text.size());
    if (count > 0) space.assign(text.data(), static_cast<std::size_t>(count));
    ::close(file);
  }
  const ssize_t count = ::readlink("/proc/self/ns/pid", text.data(), text.size());
  if (count > 0) space.append(text.data(), static_cast<std::size_t>(count));
  return space;
}

// Length, so that no key is the beginning of another, and key.
std::string first_page(const std::string& key) {
  std::string page = "bbprompt " + std::to_string(key.size()) + ' ' + key;
  if (page.size() > page_size()) throw Error("node memory: expected a key shorter than a page");
  page.resize(page_size(), '\0');
  return page;
}

bool holds(int descriptor, const std::string& key, std::size_t size) {
  struct stat status {};
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals || ::fstat(descriptor, &status) != 0) return false;
  if (status.st_uid != ::geteuid() ||
      static_cast<std::size_t>(status.st_size) != page_size() + size)
    return false;
  std::string page(page_size(), '\0');
  const ssize_t count = ::pread(descriptor, page.data(), page.size(), 0);
  return count == static_cast<ssize_t>(page.size()) && page == first_page(key);
}

// The memory of a listed process, or -1 when it is not there (any more).
int open_of(const NodeUser& user, const std::string& key, std::size_t size) {
  const std::string path =
      "/proc/" + std::to_string(user.pid) + "/fd/" + std::to_string(user.descriptor);
  // The number may belong to another process by now; opening a pipe or a device could hang.
  std::array<char, 64> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size() - 1);
  if (length < 0 || !std::string(target.data()).starts_with(kLinkPrefix)) return -1;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor >= 0 && !holds(descriptor, key, size)) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

[[noreturn]] void refuse(const std::string& what, int reason) {
  throw StoreError(kName, what + ": " + std::strerror(reason));
}

// Reserves the pages, so that a full node is an error here and no SIGBUS later.
void reserve(int descriptor, std::size_t size) {
  rlimit limit{};  // a longer file than this would end the process by SIGXFSZ
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size)
    throw StoreError(kName, "the limit on file sizes (ulimit -f) is smaller");
  // The length first: it asks the kernel whether there is so much, before any page is taken.
  int result = ::ftruncate(descriptor, static_cast<off_t>(size));
  while (result == 0 && ::fallocate(descriptor, 0, 0, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) result = -1;
  }
  if (result != 0) refuse("cannot reserve " + std::to_string(size >> 20) + " MiB", errno);
}

int create(const NodeMemoryContents& contents) {
  Descriptor descriptor(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (descriptor.get() < 0) refuse("cannot create", errno);
  const std::string page = first_page(contents.key);
  const std::size_t size = page.size() + contents.size;
  reserve(descriptor.get(), size);
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (address == MAP_FAILED) refuse("cannot map", errno);
  const std::span<std::byte> bytes(static_cast<std::byte*>(address), size);
  std::memcpy(bytes.data(), page.data(), page.size());
  try {
    contents.write(bytes.subspan(page.size()));
  } catch (...) {
    ::munmap(address, size);
    throw;
  }
  ::munmap(address, size);
  if (::fcntl(descriptor.get(), F_ADD_SEALS, kSeals) != 0) refuse("cannot seal", errno);
  return descriptor.release();
}

// A place for temporary files that the ranks of a node have in common.
fs::path scratch_folder() {
  for (const char* name : {"BBPROMPT_SCRATCH", "SLURM_TMPDIR", "TMPDIR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "/tmp";
}

}  // namespace

NodeMemory::NodeMemory(const fs::path& folder, const NodeMemoryContents& contents)
    : registry_(folder / sha256_hex(contents.key + '\n' + process_space())),
      key_(contents.key),
      size_(contents.size),
      owner_(::getpid()) {
  const NodeRegistry registry(registry_, kWriterSeconds);
  std::vector<NodeUser> users;
  for (const NodeUser& user : registry.users()) {
    const int found = open_of(user, key_, size_);
    if (found < 0) continue;
    users.push_back(user);
    if (descriptor_ < 0) {
      descriptor_ = found;
    } else {
      ::close(found);
    }
  }
  was_found_ = descriptor_ >= 0;
  try {
    if (!was_found_) descriptor_ = create(contents);
    users.push_back({.pid = owner_, .descriptor = descriptor_});
    registry.store(users);
  } catch (...) {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!was_found_) registry.store({});
    throw;
  }
}

NodeMemory::~NodeMemory() {
  if (owner_ == ::getpid()) {
    try {
      leave();
    } catch (const Error&) {  // whoever comes next drops the line
    }
  }
  ::close(descriptor_);
}

void NodeMemory::leave() const {
  const NodeRegistry registry(registry_, kLeaveSeconds);
  std::vector<NodeUser> others;
  for (const NodeUser& user : registry.users()) {
    if (user == NodeUser{.pid = owner_, .descriptor = descriptor_}) continue;
    const Descriptor found(open_of(user, key_, size_));
    if (found.get() >= 0) others.push_back(user);
  }
  registry.store(others);
}

void NodeMemory::map_at(void* address) const {
  void* mapped = ::mmap(address, size_, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
                        descriptor_, static_cast<off_t>(page_size()));
  if (mapped == MAP_FAILED) refuse("cannot map", errno);
}

fs::path node_folder() {
  fs::path folder = scratch_folder() / ("bbprompt-" + std::to_string(::geteuid()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw StoreError(folder.string(), std::string("cannot make: ") + std::strerror(errno));
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    throw StoreError(folder.string(),
                     "expected a folder of this user's own with mode 0700; remove it, or set "
                     "BBPROMPT_SCRATCH to another place");
  }
  return folder;
}

}  // namespace bbprompt
