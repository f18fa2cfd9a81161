#include "bbprompt/run/run_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "bbprompt/base/blocked_signals.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "run/lock_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void refuse(const fs::path& file, const LockHolder& holder) {
  std::string message = "another bbprompt is running in this folder";
  if (!holder.text.empty()) message += " (" + holder.described() + ")";
  throw StoreError(file.parent_path().string(),
                   message +
                       "; wait for it, or choose another folder with --out. If you know that it "
                       "is gone, remove " +
                       file.string());
}

}  // namespace

RunLock::RunLock(fs::path file, RunLockOptions options)
    : file_(std::move(file)), options_(std::move(options)) {
  if (options_.machine.empty()) options_.machine = this_machine();
  text_ = LockHolder::here(options_.machine).text;
  try {
    acquire();
  } catch (...) {
    close_file();
    throw;
  }
  const BlockedSignals blocked;
  heart_ = std::thread([this] { beat(); });
}

RunLock::~RunLock() {
  {
    const std::lock_guard guard(mutex_);
    is_over_ = true;
  }
  end_.notify_all();
  heart_.join();
  // Nobody need wait for a heartbeat that will not come.
  if (!is_taken_ && read_holder(file_).text == text_) (void)::ftruncate(descriptor_, 0);
  close_file();
}

void RunLock::open_file() {
  close_file();
  descriptor_ = open_own_file(file_, O_RDWR | O_CREAT);
  expect_lock_file(file_);
}

void RunLock::close_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

// Writes our name into the file. False when the file was removed meanwhile: another one counts.
bool RunLock::try_claim() {
  const auto size = static_cast<ssize_t>(text_.size());
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, text_.data(), text_.size(), 0) != size || ::fsync(descriptor_) != 0) {
    throw StoreError(file_.string(), std::string("cannot write: ") + std::strerror(errno));
  }
  struct stat ours {};
  struct stat named {};
  return ::fstat(descriptor_, &ours) == 0 && ::stat(file_.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

void RunLock::acquire() {
  const auto start = Clock::now();
  std::optional<LockSign> first;
  while (true) {
    open_file();
    const KernelLock lock = try_kernel_lock(descriptor_);
    const LockHolder holder = read_holder(file_);
    const bool is_here = holder.machine == options_.machine;
    const bool is_free = holder.text.empty() || (is_here && lock == KernelLock::kOurs);
    if (is_free && lock != KernelLock::kTaken) {
      if (try_claim()) return;
      continue;
    }
    if (is_here && lock == KernelLock::kTaken) refuse(file_, holder);
    const LockSign sign = read_sign(file_, descriptor_, holder);
    if (first && sign.differs_from(*first)) refuse(file_, holder);  // a sign of life
    const double waited = seconds_since(start);
    const bool is_lost = sign.age >= options_.lost_seconds || waited >= options_.lost_seconds;
    if (is_lost && lock != KernelLock::kTaken) {
      if (try_claim()) return;
      continue;
    }
    // A file server may keep the lock of a dead node for a minute or two.
    if (waited >= 3 * options_.lost_seconds) refuse(file_, holder);
    if (!first && options_.on_wait) {
      options_.on_wait("the folder was last used by " + holder.described() +
                       ", which may still be running; waiting at most " +
                       std::to_string(static_cast<int>(options_.lost_seconds)) +
                       " s for a sign of life");
    }
    if (!first) first = sign;
    if (options_.is_stop_requested && options_.is_stop_requested())
      throw StoreError(file_.string(), "asked to stop while waiting for " + holder.described());
    close_file();  // a network file system shows what is new to who opens the file anew
    std::this_thread::sleep_for(std::chrono::duration<double>(options_.heartbeat_seconds / 10));
  }
}

void RunLock::beat() {
  std::unique_lock guard(mutex_);
  const std::chrono::duration<double> interval(options_.heartbeat_seconds);
  while (!end_.wait_for(guard, interval, [this] { return is_over_; })) {
    (void)::futimens(descriptor_, nullptr);
    const LockHolder holder = read_holder(file_);
    if (!holder.text.empty() && holder.text != text_) is_taken_ = true;
  }
}

void RunLock::check() const {
  if (!is_taken_) return;
  throw StoreError(file_.string(),
                   "this run stood still for too long, and " + read_holder(file_).described() +
                       " has taken over its folder; this run ends without another checkpoint");
}

}  // namespace bbprompt
