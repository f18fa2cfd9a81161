#include "bbprompt/store/checkpoint_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Checkpoint checkpoint_of(std::int64_t generation) {
  Checkpoint checkpoint = testing::sample_checkpoint();
  checkpoint.optimizer.integers["generation"] = generation;
  return checkpoint;
}

std::int64_t generation_in(const fs::path& path) {
  return read_checkpoint(path).optimizer.integers.at("generation");
}

TEST(CheckpointWriter, EndsWithTheLatestCheckpointOfEachTrial) {
  const testing::TemporaryFolder folder;
  CheckpointWriter writer;
  for (std::int64_t generation = 1; generation <= 40; ++generation) {
    for (const auto* name : {"a.checkpoint.h5", "b.checkpoint.h5"})
      writer.write(folder / name, checkpoint_of(generation));
  }
  writer.flush();
  for (const auto* name : {"a.checkpoint.h5", "b.checkpoint.h5"})
    EXPECT_EQ(generation_in(folder / name), 40);
  EXPECT_THAT(writer.take_problems(), IsEmpty());
}

TEST(CheckpointWriter, KeepsThePreviousOneAsWritingAtOnceDoes) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder / "a.checkpoint.h5";
  CheckpointWriter writer;
  for (std::int64_t generation = 1; generation <= 3; ++generation) {
    writer.write(path, checkpoint_of(generation));
    writer.flush();
  }
  EXPECT_EQ(generation_in(path), 3);
  EXPECT_EQ(generation_in(previous_checkpoint_path(path)), 2);
}

TEST(CheckpointWriter, WritesWhatWaitsBeforeItEnds) {
  const testing::TemporaryFolder folder;
  {
    CheckpointWriter writer;
    for (int i = 0; i < 10; ++i)
      writer.write(folder / (std::to_string(i) + ".checkpoint.h5"), checkpoint_of(i));
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(generation_in(folder / (std::to_string(i) + ".checkpoint.h5")), i);
}

TEST(CheckpointWriter, NeverBringsARemovedCheckpointBack) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder / "a.checkpoint.h5";
  CheckpointWriter writer;
  for (int i = 0; i < 50; ++i) {
    writer.write(folder / "other.checkpoint.h5", checkpoint_of(i));
    writer.write(path, checkpoint_of(i));
    writer.remove(path);
    EXPECT_FALSE(has_checkpoint(path));
  }
  writer.flush();
  EXPECT_FALSE(has_checkpoint(path));
  EXPECT_EQ(generation_in(folder / "other.checkpoint.h5"), 49);
}

TEST(CheckpointWriter, TellsWhatCouldNotBeWritten) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder / "absent/a.checkpoint.h5";
  CheckpointWriter writer;
  writer.write(path, checkpoint_of(1));
  writer.flush();
  EXPECT_TRUE(writer.has_failed(path));
  EXPECT_THAT(
      writer.take_problems(),
      ElementsAre(AllOf(Field(&CheckpointProblem::trial, "a"),
                        Field(&CheckpointProblem::reason, HasSubstr("absent/a.checkpoint.h5")),
                        Field(&CheckpointProblem::is_written, false))));
  EXPECT_THAT(writer.take_problems(), IsEmpty());
  fs::create_directory(folder / "absent");
  writer.write(path, checkpoint_of(2));
  writer.flush();
  EXPECT_FALSE(writer.has_failed(path));
  EXPECT_EQ(generation_in(path), 2);
}

TEST(CheckpointWriter, TellsThatADamagedCheckpointWasNotKept) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder / "a.checkpoint.h5";
  testing::write_text(path, "torn");
  CheckpointWriter writer;
  writer.write(path, checkpoint_of(1));
  writer.flush();
  EXPECT_FALSE(writer.has_failed(path));
  EXPECT_THAT(writer.take_problems(),
              ElementsAre(AllOf(
                  Field(&CheckpointProblem::reason, HasSubstr("not kept as the previous one")),
                  Field(&CheckpointProblem::is_written, true))));
  EXPECT_EQ(generation_in(path), 1);
}

TEST(CheckpointWriter, RefusesAtOnceWhatCouldNotBeReadAgain) {
  const testing::TemporaryFolder folder;
  CheckpointWriter writer;
  Checkpoint wrong = checkpoint_of(1);
  wrong.record.id = "a/b";
  EXPECT_THROW(writer.write(folder / "a.checkpoint.h5", wrong), StoreError);
}

TEST(CheckpointWriter, WaitsForTheDiskWhereTooMuchWaits) {
  const testing::TemporaryFolder folder;
  CheckpointWriter writer({.waiting_bytes = 1});
  for (int i = 0; i < 5; ++i)
    writer.write(folder / (std::to_string(i) + ".checkpoint.h5"), checkpoint_of(i));
  writer.flush();
  EXPECT_EQ(generation_in(folder / "4.checkpoint.h5"), 4);
}

TEST(CheckpointWriter, TellsWhichCheckpointsAreSafelyOnDisk) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder / "absent/a.checkpoint.h5";
  CheckpointWriter writer;
  writer.write(path, checkpoint_of(1), 7);
  writer.flush();
  EXPECT_THAT(writer.take_written(), IsEmpty());
  fs::create_directory(folder / "absent");
  // What the later one holds is safe with it.
  writer.write(path, checkpoint_of(2), 8);
  writer.flush();
  EXPECT_THAT(writer.take_written(), ElementsAre(7, 8));
  EXPECT_THAT(writer.take_written(), IsEmpty());
  // Those of a removed checkpoint never come.
  const fs::path other = folder / "later/b.checkpoint.h5";
  writer.write(other, checkpoint_of(3), 9);
  writer.flush();
  writer.remove(other);
  fs::create_directory(folder / "later");
  writer.write(other, checkpoint_of(4), 10);
  writer.flush();
  EXPECT_THAT(writer.take_written(), ElementsAre(10));
}

}  // namespace
}  // namespace bbprompt
