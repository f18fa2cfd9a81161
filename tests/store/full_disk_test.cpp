#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::sample_checkpoint;
using testing::TemporaryFolder;

enum ChildStatus : int {
  kFine = 0,
  kWrote = 1,            // the write did not fail
  kUnexpectedError = 2,  // another message than a full disk gives
  kOldLost = 3,          // the checkpoints of before are not what they were
  kLeftovers = 4,        // temporary files, or HDF5 objects, remain
  kNoMount = 5,          // this process may not mount
};

Checkpoint checkpoint_of(std::int64_t generation, Eigen::Index num_values) {
  Checkpoint checkpoint = sample_checkpoint();
  checkpoint.optimizer.integers["generation"] = generation;
  checkpoint.optimizer.arrays["ballast"] = Eigen::MatrixXd::Ones(num_values, 1);
  return checkpoint;
}

// Runs in a child process: its limits and mounts are its own.
int status_of_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Two checkpoints fit, a third, larger one must fail with `reason` and change nothing.
int write_too_much(const std::filesystem::path& folder, const std::string& reason,
                   const std::function<bool()>& limit) {
  const auto path = folder / "t.checkpoint.h5";
  write_checkpoint(path, checkpoint_of(1, 10));
  write_checkpoint(path, checkpoint_of(2, 10));
  if (!limit()) return kNoMount;
  try {
    write_checkpoint(path, checkpoint_of(3, 200'000));
    return kWrote;
  } catch (const StoreError& error) {
    if (std::string(error.what()).find(reason) == std::string::npos) return kUnexpectedError;
  }
  const auto generation_at = [](const std::filesystem::path& file) {
    return read_checkpoint(file).optimizer.integers.at("generation");
  };
  if (generation_at(path) != 2 || generation_at(previous_checkpoint_path(path)) != 1)
    return kOldLost;
  const auto num_files = std::distance(std::filesystem::directory_iterator(folder), {});
  if (num_files != 2 || H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) != 0) return kLeftovers;
  write_checkpoint(path, checkpoint_of(4, 10));  // and there is room again
  return generation_at(path) == 4 ? kFine : kOldLost;
}

TEST(FullDisk, LeavesBothCheckpointsWhenAFileGrowsPastItsLimit) {
  const TemporaryFolder folder;
  EXPECT_EQ(status_of_child([&] {
              return write_too_much(folder.path(), "File too large", [] {
                (void)std::signal(SIGXFSZ, SIG_IGN);
                const rlimit limit{.rlim_cur = 200'000, .rlim_max = 200'000};
                return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
              });
            }),
            kFine);
}

TEST(FullDisk, LeavesBothCheckpointsWhenTheFileSystemIsFull) {
  const TemporaryFolder folder;
  const int status = status_of_child([&]() -> int {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=600k") != 0) {
      return kNoMount;
    }
    return write_too_much(folder.path(), "No space left on device", [] { return true; });
  });
  if (status == kNoMount) GTEST_SKIP() << "mounting a small file system is not allowed here";
  EXPECT_EQ(status, kFine);
}

}  // namespace
}  // namespace bbprompt
