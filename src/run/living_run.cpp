#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "bbprompt/run/run_lock.hpp"
#include "run/lock_file.hpp"

namespace bbprompt {
namespace {

// Without taking it, which would get in the way of a run that begins now.
bool is_locked(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

}  // namespace

std::string living_run(const std::filesystem::path& lock_file, double lost_seconds) {
  const int descriptor = ::open(lock_file.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (descriptor < 0) return {};
  struct stat status {};
  const bool is_file = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const bool is_taken = is_file && is_locked(descriptor);
  ::close(descriptor);
  if (!is_file) return {};
  const LockHolder holder = read_holder(lock_file);
  if (holder.text.empty()) return {};
  const double age = std::difftime(std::time(nullptr), status.st_mtim.tv_sec);
  const bool has_sign = holder.machine != this_machine() && age < lost_seconds;
  return is_taken || has_sign ? holder.described() : std::string();
}

}  // namespace bbprompt
