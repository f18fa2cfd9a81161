#include "replica/node_memory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "tests/replica/child_process.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::ChildProcess;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::size_t kSize = 100'000;

std::byte byte_at(std::size_t index) { return static_cast<std::byte>(index * 31 % 251); }

NodeMemoryContents contents(const std::string& key = "a key") {
  return {.key = key, .size = kSize, .write = [](std::span<std::byte> out) {
            for (std::size_t i = 0; i < out.size(); ++i) out[i] = byte_at(i);
          }};
}

bool is_right(const NodeMemory& memory) {
  void* address = ::mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memory.map_at(address);
  const std::span<const std::byte> bytes(static_cast<std::byte*>(address), kSize);
  bool is_same = true;
  for (std::size_t i = 0; i < kSize; ++i) is_same = is_same && bytes[i] == byte_at(i);
  ::munmap(address, kSize);
  return is_same;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  return {std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()};
}

// A process that holds the memory until it is released or killed; says "found" or "written".
class Holder : public ChildProcess {
 public:
  explicit Holder(const std::filesystem::path& folder)
      : ChildProcess([folder](ChildProcess& self) {
          const NodeMemory memory(folder, contents());
          self.say(!is_right(memory) ? "wrong" : memory.was_found() ? "found" : "written");
          self.wait_for_release();
        }) {}
};

class NodeMemoryTest : public ::testing::Test {
 protected:
  // Puts a list of users in the place of the real one.
  void forge(const std::string& list) {
    std::filesystem::path registry;
    {
      const NodeMemory memory(folder_.path(), contents());
      registry = files_in(folder_.path()).at(0);
    }
    testing::write_text(registry, list);
  }

  TemporaryFolder folder_;
};

TEST_F(NodeMemoryTest, IsWrittenByTheFirstProcessAndFoundByTheOthers) {
  Holder first(folder_.path());
  EXPECT_EQ(first.heard(), "written");
  Holder second(folder_.path());
  EXPECT_EQ(second.heard(), "found");
  Holder third(folder_.path());
  EXPECT_EQ(third.heard(), "found");
}

TEST_F(NodeMemoryTest, IsWrittenOnceByProcessesThatStartTogether) {
  std::vector<std::unique_ptr<Holder>> holders;
  holders.reserve(6);
  for (int i = 0; i < 6; ++i) holders.push_back(std::make_unique<Holder>(folder_.path()));
  int num_written = 0;
  for (auto& holder : holders) {
    const std::string said = holder->heard();
    num_written += static_cast<int>(said == "written");
    EXPECT_NE(said, "wrong");
  }
  EXPECT_EQ(num_written, 1);
}

TEST_F(NodeMemoryTest, OutlivesTheProcessThatWroteIt) {
  Holder first(folder_.path());
  EXPECT_EQ(first.heard(), "written");
  Holder second(folder_.path());
  EXPECT_EQ(second.heard(), "found");
  first.kill();
  Holder third(folder_.path());
  EXPECT_EQ(third.heard(), "found");
}

TEST_F(NodeMemoryTest, IsWrittenAgainWhenAllItsUsersWereKilled) {
  Holder first(folder_.path());
  EXPECT_EQ(first.heard(), "written");
  first.kill();
  const NodeMemory memory(folder_.path(), contents());
  EXPECT_FALSE(memory.was_found());
  EXPECT_TRUE(is_right(memory));
  const std::string list = testing::read_text(files_in(folder_.path()).at(0));
  EXPECT_EQ(list.find('\n'), list.size() - 1) << list;
}

TEST_F(NodeMemoryTest, LeavesNothingBehind) {
  {
    const NodeMemory memory(folder_.path(), contents());
    Holder other(folder_.path());
    EXPECT_EQ(other.heard(), "found");
    other.release();
    EXPECT_EQ(files_in(folder_.path()).size(), 1U);
  }
  EXPECT_TRUE(files_in(folder_.path()).empty());
}

TEST_F(NodeMemoryTest, IsApartForOtherKeys) {
  const NodeMemory one(folder_.path(), contents("one"));
  const NodeMemory two(folder_.path(), contents("two"));
  EXPECT_FALSE(two.was_found());
  EXPECT_TRUE(NodeMemory(folder_.path(), contents("one")).was_found());
}

TEST_F(NodeMemoryTest, IsNotSignedOffByAForkOfItsOwner) {
  auto memory = std::make_unique<NodeMemory>(folder_.path(), contents());
  ChildProcess child([&memory](ChildProcess& self) {
    memory.reset();
    self.say("done");
  });
  EXPECT_EQ(child.heard(), "done");
  child.release();
  Holder other(folder_.path());
  EXPECT_EQ(other.heard(), "found");
}

TEST_F(NodeMemoryTest, CannotBeChangedOnceItIsWritten) {
  const NodeMemory memory(folder_.path(), contents());
  std::istringstream line(testing::read_text(files_in(folder_.path()).at(0)));
  int pid = 0;
  int number = 0;
  line >> pid >> number;
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  EXPECT_NE(::truncate(path.c_str(), 0), 0);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  EXPECT_NE(::pwrite(descriptor, "x", 1, 5000), 1);
  ::close(descriptor);
  EXPECT_TRUE(is_right(memory));
}

TEST_F(NodeMemoryTest, DoesNotTakeWhatIsDamagedOrForged) {
  const std::string self = std::to_string(::getpid()) + ' ';
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + kSize;
  const auto memory_of = [](std::size_t bytes, unsigned seals) {
    const int descriptor = ::memfd_create("bbprompt-weights", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_EQ(::ftruncate(descriptor, static_cast<off_t>(bytes)), 0);
    EXPECT_EQ(::pwrite(descriptor, "bbprompt 5 a key", 16, 0), 16);
    EXPECT_EQ(::fcntl(descriptor, F_ADD_SEALS, seals), 0);
    return descriptor;
  };
  constexpr unsigned kAll = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  const int not_sealed = memory_of(size, F_SEAL_GROW);
  const int too_short = memory_of(size - 1, kAll);
  const int other_key = ::memfd_create("bbprompt-weights", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  EXPECT_EQ(::ftruncate(other_key, static_cast<off_t>(size)), 0);
  EXPECT_EQ(::fcntl(other_key, F_ADD_SEALS, kAll), 0);
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  for (const std::string& list :
       {self + std::to_string(not_sealed) + "\n", self + std::to_string(too_short) + "\n",
        self + std::to_string(other_key) + "\n", self + std::to_string(pipe[0]) + "\n",
        self + "100000\n", std::string("99999999 3\n"), std::string("1 1\n"),
        std::string("\0\xff no numbers\n-1 -1\n7", 21), self, std::string(70'000, 'x')}) {
    forge(list);
    const NodeMemory memory(folder_.path(), contents());
    EXPECT_FALSE(memory.was_found()) << list.substr(0, 40);
    EXPECT_TRUE(is_right(memory));
  }
  for (const int descriptor : {not_sealed, too_short, other_key, pipe[0], pipe[1]})
    ::close(descriptor);
}

TEST_F(NodeMemoryTest, SaysWhyThereIsNoRoomAndLeavesNothing) {
  ChildProcess child([this](ChildProcess& self) {
    const rlimit limit{.rlim_cur = kSize, .rlim_max = kSize};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      const NodeMemory memory(folder_.path(), contents());
      self.say("shared");
    } catch (const StoreError& error) {
      self.say(error.what());
    }
  });
  EXPECT_THAT(child.heard(), HasSubstr("ulimit -f"));
  child.release();
  EXPECT_TRUE(files_in(folder_.path()).empty());
}

TEST_F(NodeMemoryTest, RefusesAFolderOrRegistryThatIsNotThere) {
  EXPECT_THROW(NodeMemory(folder_ / "absent", contents()), StoreError);
  forge("");
  const auto registry = files_in(folder_.path()).at(0);
  std::filesystem::remove(registry);
  std::filesystem::create_symlink(folder_ / "elsewhere", registry);
  EXPECT_THROW(NodeMemory(folder_.path(), contents()), StoreError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST(NodeFolder, IsTheUsersOwnAndClosedToOthers) {
  const TemporaryFolder scratch;
  const testing::ScopedVariable variable("BBPROMPT_SCRATCH", scratch.path().string());
  const auto folder = scratch / ("bbprompt-" + std::to_string(::geteuid()));
  EXPECT_EQ(node_folder(), folder);
  EXPECT_EQ(node_folder(), folder);  // a second time
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);

  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  EXPECT_THROW((void)node_folder(), StoreError);
  std::filesystem::remove(folder);
  testing::write_text(folder, "");
  EXPECT_THROW((void)node_folder(), StoreError);
  std::filesystem::remove(folder);
  const TemporaryFolder elsewhere;
  std::filesystem::create_symlink(elsewhere.path(), folder);
  EXPECT_THROW((void)node_folder(), StoreError);
}

TEST(NodeFolder, IsRefusedWhereAnotherUserMadeIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be another user for a moment";
  const TemporaryFolder scratch;
  std::filesystem::permissions(scratch.path(), std::filesystem::perms(01777));
  const testing::ScopedVariable variable("BBPROMPT_SCRATCH", scratch.path().string());
  ChildProcess child([&scratch](ChildProcess& self) {
    if (::setuid(65534) != 0) throw Error("setuid");
    const bool has_own = node_folder() == scratch / "bbprompt-65534";
    std::filesystem::create_directory(scratch / "bbprompt-0");
    self.say(has_own ? "done" : "not its own");
  });
  EXPECT_EQ(child.heard(), "done");
  EXPECT_THROW((void)node_folder(), StoreError);
}

TEST(NodeFolder, LiesInTheFirstPlaceThatIsNamed) {
  const TemporaryFolder first;
  const TemporaryFolder second;
  const testing::ScopedVariable slurm("SLURM_TMPDIR", second.path().string());
  {
    const testing::ScopedVariable own("BBPROMPT_SCRATCH", first.path().string());
    EXPECT_EQ(node_folder().parent_path(), first.path());
  }
  const testing::ScopedVariable empty("BBPROMPT_SCRATCH", "");
  EXPECT_EQ(node_folder().parent_path(), second.path());
}

}  // namespace
}  // namespace bbprompt
