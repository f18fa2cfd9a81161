#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace bbprompt {

struct RunLockOptions {
  double heartbeat_seconds = 5.0;
  double lost_seconds = 60.0;                         // without a heartbeat: the holder is gone
  std::function<bool()> is_stop_requested{};          // ends the waiting
  std::function<void(const std::string&)> on_wait{};  // told once, when it has to wait
  std::string machine{};  // "HOST BOOT_ID" of this process; empty: find out
};

// Keeps a second process out of a folder, on this machine or another. Two things tell that the
// holder lives: the kernel's lock on the file (open file description lock of fcntl, which NFS and
// Lustre mounted with "flock" pass between nodes), and, for a holder on another machine, the time
// of the file, which the holder renews every few seconds.
//
//   same machine         the kernel's lock decides, at once
//   another machine      refused as soon as its time is seen to change; taken over when it is
//                        `lost_seconds` old, which is waited for (a job that Slurm starts again on
//                        another node finds the file of the node that failed)
//
// The file names the holder; it is emptied at the end, and may be removed by a person who knows
// that the holder is gone.
class RunLock {
 public:
  // Throws StoreError when another process lives in there, the wait is broken off, or the file
  // cannot be written.
  RunLock(std::filesystem::path file, RunLockOptions options);
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();

  // Throws StoreError once another process has taken the folder over, because this one stood still
  // for too long: nothing may be written any more.
  void check() const;

 private:
  void acquire();
  [[nodiscard]] bool try_claim();
  void open_file();
  void close_file();
  void beat();

  std::filesystem::path file_;
  RunLockOptions options_;
  std::string text_;  // what the file says while it is ours
  int descriptor_ = -1;
  std::atomic<bool> is_taken_ = false;
  bool is_over_ = false;
  std::mutex mutex_;
  std::condition_variable end_;
  std::thread heart_;
};

// Who runs in a folder now, in words, by its lock file: for a look from outside, which takes
// nothing and waits for nothing. Empty where nobody does, as far as this machine can tell: of a
// holder elsewhere by the time of the file, and so by both machines' clocks.
[[nodiscard]] std::string living_run(const std::filesystem::path& lock_file, double lost_seconds);

}  // namespace bbprompt
