#include "bbprompt/base/atomic_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

TEST(ReplaceFile, PutsTheContentsInPlaceAndLeavesNothingElse) {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  replace_file(folder / "a", "new");
  EXPECT_EQ(read_text(folder / "a"), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ReplaceFile, LeavesTheOldFileWhenWritingFails) {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  EXPECT_THROW(replace_file(folder / "a",
                            [](const auto& temporary) {
                              write_text(temporary, "half");
                              throw StoreError("a", "disk full");
                            }),
               StoreError);
  EXPECT_EQ(read_text(folder / "a"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ReplaceFile, NamesThePathItCannotWrite) {
  try {
    replace_file("/nonexistent-folder/file", "x");
    FAIL() << "did not throw";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/nonexistent-folder/file"));
  }
}

std::string refusal_of(const std::filesystem::path& path) {
  try {
    replace_file(path, "x");
  } catch (const StoreError& error) {
    return error.what();
  }
  return "";
}

TEST(ReplaceFile, SaysWhatIsWrongWithTheNameItWasGiven) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal_of(folder / "none/a"), (folder / "none/a").string() +
                                               ": cannot create: there is no folder " +
                                               (folder / "none").string());
  EXPECT_EQ(refusal_of(folder.path()),
            folder.path().string() + ": expected a file to write, found a folder");
  EXPECT_EQ(refusal_of(folder.path() / ""),
            folder.path().string() + "/: expected a file to write, found a folder");
}

TEST(ReplaceFile, CallsBackWhileTheOldFileIsThere) {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  std::string before;
  replace_file(folder / "a", "new", [&] { before = read_text(folder / "a"); });
  EXPECT_EQ(before, "old");
  EXPECT_EQ(read_text(folder / "a"), "new");
}

// A limit on file sizes stands for a full disk; it is the child's own.
TEST(ReplaceFile, NamesTheFileItWasGivenWhenTheWriteFails) {
  const TemporaryFolder folder;
  const std::string expected = (folder / "a").string() + ": cannot write: File too large";
  const pid_t child = ::fork();
  if (child == 0) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 0, .rlim_max = 0};
    (void)::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(refusal_of(folder / "a") == expected ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// What lies at a temporary file's name is someone else's: it is neither written nor followed.
TEST(ReplaceFile, LeavesWhatHasTheTemporaryName) {
  const TemporaryFolder folder;
  const std::string name = "a.tmp." + std::to_string(::getpid());
  write_text(folder / "precious", "mine");
  std::filesystem::create_symlink("precious", folder / name);
  write_text(folder / (name + "1"), "mine too");
  replace_file(folder / "a", "new");
  EXPECT_EQ(read_text(folder / "a"), "new");
  EXPECT_EQ(read_text(folder / "precious"), "mine");
  EXPECT_EQ(read_text(folder / (name + "1")), "mine too");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / name));
}

TEST(ReplaceFile, RefusesLinksAndWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  write_text(folder / "precious", "mine");
  std::filesystem::create_symlink("precious", folder / "link");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(refusal_of(folder / "link"), HasSubstr("found a symbolic link"));
  EXPECT_THAT(refusal_of(folder / "fifo"), HasSubstr("found a FIFO"));
  EXPECT_THAT(refusal_of("/dev/null"), HasSubstr("found a device"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(read_text(folder / "precious"), "mine");
}

TEST(SweepTemporaryFiles, RemovesOnlyItsOwnThatKilledProcessesLeft) {
  const TemporaryFolder folder;
  const std::vector<std::string> left = {"a.h5.tmp.123", "a.h5.tmp.12.tmp.12"};
  const std::vector<std::string> foreign = {
      "a.h5",         "b.h5.tmp.123",    "a.h5.tmp.123.docx", "a.h5.tmp.",
      "a.h5.tmp.12x", "thesis.tmp.docx", ".tmp.123",          "a.h5.tmp.1.tmp.2.tmp.3"};
  for (const auto& name : left) write_text(folder / name, "x");
  for (const auto& name : foreign) write_text(folder / name, "x");
  std::filesystem::create_directory(folder / "a.h5.tmp.7");
  std::filesystem::create_symlink("a.h5", folder / "a.h5.tmp.8");
  EXPECT_EQ(sweep_temporary_files(folder.path(), [](const auto& name) { return name == "a.h5"; }),
            2);
  for (const auto& name : foreign) EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
  EXPECT_TRUE(std::filesystem::exists(folder / "a.h5.tmp.7"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "a.h5.tmp.8"));
}

std::string reading(const std::filesystem::path& path) {
  try {
    return read_regular_file(path);
  } catch (const StoreError& error) {
    return error.what();
  }
}

TEST(RegularFile, IsReadAndNothingElseIs) {
  const TemporaryFolder folder;
  write_text(folder / "a", "text");
  std::filesystem::create_symlink("a", folder / "link");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(reading(folder / "a"), "text");
  EXPECT_EQ(reading(folder / "link"), "text");
  EXPECT_THAT(reading(folder / "fifo"), HasSubstr("expected a regular file, found a FIFO"));
  EXPECT_THAT(reading(folder.path()), HasSubstr("found a folder"));
  EXPECT_THAT(reading("/dev/zero"), HasSubstr("found a device"));
  EXPECT_THAT(reading(folder / "none"), HasSubstr("No such file"));
  EXPECT_THROW((void)read_regular_file(folder / "a", 3), StoreError);
}

TEST(RegularFile, IsOpenedForWritingWithoutFollowingLinks) {
  const TemporaryFolder folder;
  write_text(folder / "a", "text");
  std::filesystem::create_symlink("a", folder / "link");
  std::filesystem::create_symlink("none", folder / "dangling");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  for (const char* name : {"link", "dangling", "fifo"})
    EXPECT_THROW((void)open_own_file(folder / name, O_RDWR | O_CREAT), StoreError) << name;
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  const int opened = open_own_file(folder / "new", O_RDWR | O_CREAT);
  EXPECT_GE(opened, 0);
  ::close(opened);
}

TEST(ReadFile, RefusesWhatIsTooLargeAndFolders) {
  const TemporaryFolder folder;
  write_text(folder / "a", "12345");
  EXPECT_EQ(read_file(folder / "a"), "12345");
  EXPECT_THROW((void)read_file(folder / "a", 4), StoreError);
  EXPECT_THROW((void)read_file(folder.path()), StoreError);
  EXPECT_THROW((void)read_file(folder / "missing"), StoreError);
}

}  // namespace
}  // namespace bbprompt
