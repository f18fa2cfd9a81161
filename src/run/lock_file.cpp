#include "run/lock_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/temporary_file.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxLockBytes = 100'000;
constexpr std::string_view kFirstWord = "machine ";

// The rest of the line that begins with `key` and a blank.
std::string value_of(const std::string& text, const std::string& key) {
  const std::string whole = '\n' + text;
  const auto at = whole.find('\n' + key + ' ');
  if (at == std::string::npos) return "";
  const auto begin = at + key.size() + 2;
  return whole.substr(begin, whole.find('\n', begin) - begin);
}

}  // namespace

std::string this_machine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return host_name() + " " + (boot.empty() ? "-" : boot);
}

LockHolder LockHolder::here(const std::string& machine) {
  std::string text = "machine " + machine + "\nprocess " + std::to_string(::getpid()) +
                     "\nstarted " + utc_now() + '\n';
  if (const char* job = std::getenv("SLURM_JOB_ID")) text += std::string("job ") + job + '\n';
  return {.text = std::move(text), .machine = machine};
}

std::string LockHolder::described() const {
  std::string words = "process " + value_of(text, "process") + " on " +
                      machine.substr(0, machine.find(' ')) + " since " + value_of(text, "started");
  if (const std::string job = value_of(text, "job"); !job.empty()) words += ", Slurm job " + job;
  return printable(words, 200);
}

LockHolder read_holder(const fs::path& file) {
  LockHolder holder;
  try {
    holder.text = read_regular_file(file, kMaxLockBytes);
  } catch (const StoreError&) {
    return holder;
  }
  holder.machine = value_of(holder.text, "machine");
  return holder;
}

// A full disk may have cut it.
void expect_lock_file(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  const std::string text = read_regular_file(file).substr(0, kFirstWord.size());
  if (kFirstWord.starts_with(text)) return;
  throw StoreError(file.string(),
                   "not the lock file of a bbprompt run, and the run would write over it; choose "
                   "another folder with --out, or move the file away");
}

KernelLock try_kernel_lock(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_OFD_SETLK, &whole) == 0) return KernelLock::kOurs;
  return errno == EAGAIN || errno == EACCES ? KernelLock::kTaken : KernelLock::kUnsupported;
}

bool LockSign::differs_from(const LockSign& other) const {
  return text != other.text || seconds != other.seconds || nanoseconds != other.nanoseconds;
}

LockSign read_sign(const fs::path& file, int descriptor, const LockHolder& holder) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    throw StoreError(file.string(), std::string("cannot read its time: ") + std::strerror(errno));
  // A file written now shows what time it is where the files are.
  const fs::path probe = create_temporary(file);
  const int opened = ::open(probe.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat now {};
  const bool is_good =
      opened >= 0 && ::futimens(opened, nullptr) == 0 && ::fstat(opened, &now) == 0;
  const int reason = errno;
  if (opened >= 0) ::close(opened);
  ::unlink(probe.c_str());
  if (!is_good)
    throw StoreError(file.string(), std::string("cannot write: ") + std::strerror(reason));
  return {.text = holder.text,
          .seconds = status.st_mtim.tv_sec,
          .nanoseconds = status.st_mtim.tv_nsec,
          .age = static_cast<double>(now.st_mtim.tv_sec - status.st_mtim.tv_sec)};
}

}  // namespace bbprompt
