#include "bbprompt/run/run_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

RunLockOptions quick(const std::string& machine = "here boot1") {
  return {.heartbeat_seconds = 0.1, .lost_seconds = 2.0, .machine = machine};
}

std::string refusal(const std::filesystem::path& file, const RunLockOptions& options) {
  try {
    const RunLock lock(file, options);
  } catch (const StoreError& error) {
    return error.what();
  }
  return "accepted";
}

double seconds_to_lock(const std::filesystem::path& file, const RunLockOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const RunLock lock(file, options);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

constexpr const char* kElsewhere =
    "machine there boot7\nprocess 4711\nstarted 2026-01-31T12:00:00Z\njob 17\n";

// A run of another process of this machine that locks the file and then waits to be killed.
class OtherProcess {
 public:
  OtherProcess(const std::filesystem::path& file, const RunLockOptions& options) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    child_ = ::fork();
    if (child_ == 0) {
      std::optional<RunLock> lock;
      lock.emplace(file, options);
      (void)!::write(ready[1], "x", 1);
      while (true) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() { kill(); }
  void kill() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      (void)::waitpid(child_, nullptr, 0);
    }
    child_ = 0;
  }

 private:
  pid_t child_ = 0;
};

TEST(RunLock, IsFreeAgainAfterTheEnd) {
  const testing::TemporaryFolder folder;
  { const RunLock first(folder / "lock", quick()); }
  EXPECT_EQ(testing::read_text(folder / "lock"), "");
  EXPECT_LT(seconds_to_lock(folder / "lock", quick("there boot7")), 1.0);
}

TEST(RunLock, RefusesAtOnceWhileAProcessOfThisMachineHoldsItAndNamesIt) {
  const testing::TemporaryFolder folder;
  const OtherProcess other(folder / "lock", quick());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(
      refusal(folder / "lock", quick()),
      AllOf(HasSubstr("another bbprompt is running in this folder (process "),
            HasSubstr(" on here since 2"), HasSubstr("remove " + (folder / "lock").string())));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1000));
}

TEST(RunLock, IsTakenAtOnceFromAKilledProcessOfThisMachine) {
  const testing::TemporaryFolder folder;
  OtherProcess other(folder / "lock", quick());
  other.kill();
  EXPECT_NE(testing::read_text(folder / "lock"), "");
  EXPECT_LT(seconds_to_lock(folder / "lock", quick()), 1.0);
}

TEST(RunLock, RefusesARunOnAnotherMachineAsSoonAsItShowsLife) {
  const testing::TemporaryFolder folder;
  const OtherProcess other(folder / "lock", quick("there boot7"));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(refusal(folder / "lock", quick()), HasSubstr(" on there since "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1800));
}

// Where the file system passes no locks between nodes, only the heartbeat tells.
TEST(RunLock, RefusesAHeartbeatWithoutALockToo) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "lock", kElsewhere);
  std::jthread heart([&](const std::stop_token& end) {
    while (!end.stop_requested()) {
      std::this_thread::sleep_for(milliseconds(50));
      std::filesystem::last_write_time(folder / "lock",
                                       std::filesystem::file_time_type::clock::now());
    }
  });
  EXPECT_THAT(refusal(folder / "lock", quick()),
              HasSubstr("(process 4711 on there since 2026-01-31T12:00:00Z, Slurm job 17)"));
}

TEST(RunLock, WaitsForASignOfLifeOfAnotherMachineAndThenTakesOver) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "lock", kElsewhere);
  RunLockOptions options = quick();
  std::string told;
  options.on_wait = [&](const std::string& reason) { told = reason; };
  const double seconds = seconds_to_lock(folder / "lock", options);
  EXPECT_GE(seconds, 1.0);
  EXPECT_LT(seconds, 4.0);
  EXPECT_THAT(told, AllOf(HasSubstr("process 4711 on there"), HasSubstr("at most 2 s")));
}

TEST(RunLock, TakesOverAtOnceWhatHasBeenSilentForLong) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "lock", kElsewhere);
  std::filesystem::last_write_time(
      folder / "lock", std::filesystem::file_time_type::clock::now() - std::chrono::seconds(3600));
  EXPECT_LT(seconds_to_lock(folder / "lock", quick()), 1.0);
}

TEST(RunLock, StopsWaitingWhenAsked) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "lock", kElsewhere);
  RunLockOptions options = quick();
  options.is_stop_requested = [] { return true; };
  EXPECT_THAT(refusal(folder / "lock", options), HasSubstr("asked to stop while waiting"));
  EXPECT_EQ(testing::read_text(folder / "lock"), kElsewhere);
}

TEST(RunLock, ARunThatStoodStillNoticesThatItWasReplaced) {
  const testing::TemporaryFolder folder;
  RunLock first(folder / "lock", quick());
  first.check();
  // Another node took over: its file is a new one after the old one was removed by hand.
  std::filesystem::remove(folder / "lock");
  testing::write_text(folder / "lock", kElsewhere);
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_THROW(first.check(), StoreError);
}

TEST(RunLock, LeavesTheFileOfItsSuccessorAlone) {
  const testing::TemporaryFolder folder;
  {
    const RunLock first(folder / "lock", quick());
    std::filesystem::remove(folder / "lock");
    testing::write_text(folder / "lock", kElsewhere);
  }
  EXPECT_EQ(testing::read_text(folder / "lock"), kElsewhere);
}

TEST(RunLock, SaysWhatItCannotWrite) {
  EXPECT_THAT(refusal("/proc/bbprompt/lock", quick()), HasSubstr("/proc/bbprompt/lock"));
}

}  // namespace
}  // namespace bbprompt
