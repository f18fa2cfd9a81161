#include "bbprompt/base/atomic_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

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

TEST(ReplaceFile, SaysThatTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / ("a.tmp." + std::to_string(::getpid())));
  try {
    replace_file(folder / "a", "contents");
    FAIL() << "did not throw";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.what(), (folder / "a").string() + ": cannot write: No space left on device");
  }
}

TEST(SweepTemporaryFiles, RemovesWhatKilledProcessesLeft) {
  const TemporaryFolder folder;
  write_text(folder / "a.h5", "x");
  write_text(folder / "a.h5.tmp.123", "x");
  const auto sweep = [&] {
    return sweep_temporary_files(folder.path(),
                                 [](std::string_view name) { return name == "a.h5"; });
  };
  EXPECT_EQ(sweep(), 1);
  EXPECT_TRUE(std::filesystem::exists(folder / "a.h5"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.h5.tmp.123"));
  EXPECT_EQ(sweep(), 0);
}

TEST(SweepTemporaryFiles, LeavesWhatIsSomebodyElses) {
  const TemporaryFolder folder;
  for (const char* name : {"thesis.tmp.docx", "a.h5.tmp.1x", "a.h5.tmp.", "notes.tmp.123", ".tmp.1",
                           "a.h5.tmp.12.bak"})
    write_text(folder / name, "mine");
  std::filesystem::create_directory(folder / "a.h5.tmp.7");
  std::filesystem::create_symlink(folder / "thesis.tmp.docx", folder / "a.h5.tmp.8");
  EXPECT_EQ(
      sweep_temporary_files(folder.path(), [](std::string_view name) { return name == "a.h5"; }),
      0);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 8);
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
