#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace bbprompt {

// "HOST BOOT_ID": a machine's name, and what tells one start of it from the next and from another
// machine of the same name.
[[nodiscard]] std::string this_machine();

// Who a lock file says it belongs to.
struct LockHolder {
  std::string text;     // the whole file; empty: nobody
  std::string machine;  // as this_machine()

  [[nodiscard]] static LockHolder here(const std::string& machine);
  // "process 4711 on n1 since 2026-01-31T12:00:00Z (Slurm job 17)"
  [[nodiscard]] std::string described() const;
};
// Nobody where the file cannot be read.
[[nodiscard]] LockHolder read_holder(const std::filesystem::path& file);

// Throws StoreError for a file that is not a lock file; an empty one and none are fine.
void expect_lock_file(const std::filesystem::path& file);

enum class KernelLock {
  kOurs,
  kTaken,        // by another open file, here or on another node
  kUnsupported,  // the file system has none
};
[[nodiscard]] KernelLock try_kernel_lock(int descriptor);

// The last sign of life of a holder, by the clock of the file system, which all nodes share.
struct LockSign {
  std::string text;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  double age = 0.0;

  [[nodiscard]] bool differs_from(const LockSign& other) const;
};
// Throws StoreError when the folder cannot be written.
[[nodiscard]] LockSign read_sign(const std::filesystem::path& file, int descriptor,
                                 const LockHolder& holder);

}  // namespace bbprompt
